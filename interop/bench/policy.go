package bench

import (
	"context"
	"crypto/x509"
	"fmt"

	"github.com/wasitls/wasitls/wasitls"
)

// manyRules is how long the policy is that must not be felt.
const manyRules = 1000

// policy compares the handshakes of a guest under many rules, the last of which
// is the server's, with those of the same guest under a single rule.
func policy(ctx context.Context, b *bench) ([]Result, error) {
	long, err := b.under(longPolicy(b.server.roots))
	if err != nil {
		return nil, err
	}
	var out []Result
	for _, of := range []struct{ guest, prefix string }{{guestP2, ""}, {guestP3, "0.3: "}} {
		// What is looked for is less than what one round differs from the next.
		ps, err := pairs(ctx, 3*b.rounds, func(ctx context.Context) (sample, error) {
			return b.guestHandshakes(ctx, of.guest)
		}, func(ctx context.Context) (sample, error) {
			return long.guestHandshakes(ctx, of.guest)
		})
		if err != nil {
			return nil, err
		}
		r := compare(fmt.Sprintf("%shandshake under %d rules, median", of.prefix, manyRules), second(ps), microseconds, ratioAtMost(1.05))
		r.Note = "native: the guest under one rule; " + cpuNote(ps)
		out = append(out, r)
	}
	return out, nil
}

// under returns the same bench with another policy for guests.
func (b *bench) under(p *wasitls.Policy) (*bench, error) {
	client, err := wasitls.NewClient(wasitls.Config{Policy: p})
	if err != nil {
		return nil, err
	}
	host, other := *b.host, *b
	host.client = client
	other.host = &host
	return &other, nil
}

// longPolicy has rules for names, for all names below one, and for addresses.
func longPolicy(roots *x509.CertPool) *wasitls.Policy {
	p := &wasitls.Policy{Default: wasitls.Deny}
	for i := range manyRules - 1 {
		text := fmt.Sprintf("host-%d.example", i)
		switch i % 3 {
		case 1:
			text = fmt.Sprintf("*.zone-%d.example", i)
		case 2:
			text = fmt.Sprintf("10.%d.%d.0/24", i>>8, i&0xff)
		}
		p.Rules = append(p.Rules, wasitls.Rule{Servers: []string{text}, Roots: wasitls.Roots{Pool: roots}})
	}
	p.Rules = append(p.Rules, wasitls.Rule{Servers: []string{serverName}, Roots: wasitls.Roots{Pool: roots}})
	return p
}
