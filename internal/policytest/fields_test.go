package policytest

import (
	"crypto/tls"
	"crypto/x509"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// proof shows that a field, by its name in the types, has its effect.
type proof interface{ prove(t *testing.T, d draft) }

// by is a proof that is a function.
type by func(t *testing.T, d draft)

func (f by) prove(t *testing.T, d draft) { f(t, d) }

// side is a guest that makes a request to a site under a policy.
type side struct {
	policy func(*wasitls.Policy)
	site   site
	name   string // of the server; default: wasitlstest.Name
	args   []string
	shows  string                       // what the guest prints; default: reply
	seen   func(t *testing.T, v *visit) // what the server must have seen, too
}

// contrast is a proof by two sides of which one is allowed and one is not.
type contrast struct {
	allowed, forbidden side
	says               string // what the guest of the forbidden side prints
	silent             bool   // and not one byte reaches the server, TLS included
	late               bool   // it fails after the request
}

func (c contrast) prove(t *testing.T, d draft) {
	guest, v := c.allowed.run(t, d)
	if c.allowed.shows == "" {
		c.allowed.shows = reply
	}
	guest.works(t, c.allowed.shows)
	if v.plain == 0 {
		t.Error("allowed: the server got no request")
	}
	if c.allowed.seen != nil {
		c.allowed.seen(t, v)
	}
	guest, v = c.forbidden.run(t, d)
	guest.fails(t, c.says)
	if v.plain != 0 && !c.late {
		t.Errorf("forbidden: the server's application got %d bytes", v.plain)
	}
	if n := v.wire.Load(); n != 0 && c.silent {
		t.Errorf("forbidden: the server got %d bytes", n)
	}
	if c.forbidden.seen != nil {
		c.forbidden.seen(t, v)
	}
}

func (s side) run(t *testing.T, d draft) (*process, *visit) {
	t.Helper()
	if s.name == "" {
		s.name = wasitlstest.Name
	}
	r := s.site.serve(t)
	guest := instance{client: client(t, s.policy)}.start(t, d.get, append([]string{r.url(s.name)}, s.args...)...)
	guest.wait(t)
	return guest, r.visited(t)
}

// rule returns a change of a policy's one rule.
func rule(change func(*wasitls.Rule)) func(*wasitls.Policy) {
	return func(p *wasitls.Policy) { change(&p.Rules[0]) }
}

// servers is a rule for these patterns; nothing else is allowed.
func servers(patterns ...string) func(*wasitls.Policy) {
	return rule(func(r *wasitls.Rule) { r.Servers = patterns })
}

// proofs are those of every field, with what each is about.
var proofs = map[string]map[string]proof{
	"Servers": {
		"exact": contrast{
			allowed:   side{policy: servers("a.test"), name: "a.test"},
			forbidden: side{policy: servers("a.test"), name: "b.test"},
			says:      `refused by policy: no rule allows server name "b.test"`, silent: true,
		},
		"wildcard": contrast{
			allowed:   side{policy: servers("*.b.test"), name: "a.b.test"},
			forbidden: side{policy: servers("*.b.test"), name: "x.a.b.test"},
			says:      `refused by policy: no rule allows server name "x.a.b.test"`, silent: true,
		},
		"address": contrast{
			allowed:   side{policy: servers("127.0.0.1"), name: "127.0.0.1"},
			forbidden: side{policy: servers("127.0.0.1"), name: "a.test"}, // a name that leads there
			says:      `refused by policy: no rule allows server name "a.test"`, silent: true,
		},
		"range": contrast{
			allowed:   side{policy: servers("127.0.0.0/24"), name: "127.0.0.1"},
			forbidden: side{policy: servers("127.0.1.0/24"), name: "127.0.0.1"},
			says:      `refused by policy: no rule allows server name "127.0.0.1"`, silent: true,
		},
		"every": contrast{
			allowed:   side{policy: servers("*"), name: "a.test"},
			forbidden: side{policy: func(p *wasitls.Policy) { p.Rules = nil }, name: "a.test"},
			says:      `refused by policy: no rule allows server name "a.test"`, silent: true,
		},
	},
	"Rules": {
		"first match": contrast{
			allowed:   side{policy: order(wasitls.Allow, wasitls.Deny), name: "a.b.test"},
			forbidden: side{policy: order(wasitls.Deny, wasitls.Allow), name: "a.b.test"},
			says:      `refused by policy, rule "rule 1": server name "a.b.test" is denied`, silent: true,
		},
	},
	"Name": {
		"in the error": contrast{
			allowed: side{policy: rule(func(r *wasitls.Rule) { r.Name = "only for a" })},
			forbidden: side{policy: func(p *wasitls.Policy) {
				p.Rules[0] = wasitls.Rule{Name: "not for us", Servers: []string{"*"}, Action: wasitls.Deny}
			}},
			says: `refused by policy, rule "not for us": server name "server.test" is denied`, silent: true,
		},
		"in the event": by(eventTellsRule),
	},
	"Action": {
		"deny": contrast{
			allowed: side{policy: rule(func(r *wasitls.Rule) { r.Action = wasitls.Allow })},
			forbidden: side{policy: func(p *wasitls.Policy) {
				p.Rules[0] = wasitls.Rule{Servers: []string{"server.test"}, Action: wasitls.Deny}
				p.Default = wasitls.Allow
			}},
			says: `refused by policy, rule "rule 1": server name "server.test" is denied`, silent: true,
		},
	},
	"Default": {
		"allow, deny": contrast{
			allowed:   side{policy: func(p *wasitls.Policy) { p.Rules, p.Default = nil, wasitls.Allow }, site: site{signer: system}},
			forbidden: side{policy: func(p *wasitls.Policy) { p.Rules, p.Default = nil, wasitls.Deny }, site: site{signer: system}},
			says:      `refused by policy: no rule allows server name "server.test"`, silent: true,
		},
	},
	"Base": {
		"system": contrast{
			allowed:   side{policy: roots(wasitls.Roots{}), site: site{signer: system}},
			forbidden: side{policy: roots(wasitls.Roots{})},
			says:      unknownAuthority,
		},
		"mozilla": contrast{
			allowed:   side{policy: roots(wasitls.Roots{Base: wasitls.BaseMozilla, Certificates: certificates(ours)})},
			forbidden: side{policy: roots(wasitls.Roots{Base: wasitls.BaseMozilla}), site: site{signer: system}},
			says:      unknownAuthority,
		},
		"none": contrast{
			allowed:   side{policy: roots(wasitls.Roots{Base: wasitls.BaseNone, Certificates: certificates(ours)})},
			forbidden: side{policy: roots(wasitls.Roots{Base: wasitls.BaseNone, Certificates: certificates(ours)}), site: site{signer: system}},
			says:      unknownAuthority,
		},
	},
	"Certificates": {
		"beside the base": contrast{
			allowed:   side{policy: roots(wasitls.Roots{Certificates: certificates(ours)})},
			forbidden: side{policy: roots(wasitls.Roots{Certificates: certificates(ours)}), site: site{signer: wasitlstest.NewCA()}},
			says:      unknownAuthority,
		},
		"the base stays": contrast{
			allowed:   side{policy: roots(wasitls.Roots{Certificates: certificates(ours)}), site: site{signer: system}},
			forbidden: side{policy: roots(wasitls.Roots{Base: wasitls.BaseMozilla, Certificates: certificates(ours)}), site: site{signer: system}},
			says:      unknownAuthority,
		},
	},
	"Pool": {
		"instead": contrast{
			allowed:   side{policy: roots(wasitls.Roots{Pool: pool(ours)})},
			forbidden: side{policy: roots(wasitls.Roots{Pool: pool(ours)}), site: site{signer: system}},
			says:      unknownAuthority,
		},
	},
	"MinVersion": {
		"1.3": contrast{
			allowed: side{policy: rule(func(r *wasitls.Rule) { r.MinVersion = tls.VersionTLS13 }), seen: version(tls.VersionTLS13)},
			forbidden: side{policy: rule(func(r *wasitls.Rule) { r.MinVersion = tls.VersionTLS13 }),
				site: site{change: func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }}},
			says: "remote error: tls: protocol version not supported",
		},
	},
	"MaxVersion": {
		"1.2": contrast{
			allowed: side{policy: rule(func(r *wasitls.Rule) { r.MaxVersion = tls.VersionTLS12 }), seen: version(tls.VersionTLS12)},
			forbidden: side{policy: rule(func(r *wasitls.Rule) { r.MaxVersion = tls.VersionTLS12 }),
				site: site{change: func(c *tls.Config) { c.MinVersion = tls.VersionTLS13 }}},
			says: "remote error: tls: protocol version not supported",
		},
	},
	"Groups": {
		"one": contrast{
			allowed: side{policy: groups(tls.CurveP384), seen: group(tls.CurveP384)},
			forbidden: side{policy: groups(tls.CurveP384),
				site: site{change: func(c *tls.Config) { c.CurvePreferences = []tls.CurveID{tls.X25519} }}},
			says: "remote error: tls: handshake failure",
		},
	},
	"RequirePostQuantum": {
		"hybrid": contrast{
			allowed: side{policy: rule(func(r *wasitls.Rule) { r.RequirePostQuantum = true }), seen: group(tls.X25519MLKEM768)},
			forbidden: side{policy: rule(func(r *wasitls.Rule) { r.RequirePostQuantum = true }),
				site: site{change: func(c *tls.Config) { c.CurvePreferences = []tls.CurveID{tls.X25519} }}},
			says: "remote error: tls: handshake failure",
		},
		"not 1.2": contrast{
			allowed: side{policy: rule(func(r *wasitls.Rule) { r.RequirePostQuantum = true }), seen: version(tls.VersionTLS13)},
			forbidden: side{policy: rule(func(r *wasitls.Rule) { r.RequirePostQuantum = true }),
				site: site{change: func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }}},
			says: "remote error: tls: protocol version not supported",
		},
	},
	"ALPN": {
		"selected": contrast{
			allowed: side{policy: alpn("x/1", "http/1.1"),
				site: site{change: func(c *tls.Config) { c.NextProtos = []string{"h2", "http/1.1"} }},
				seen: func(t *testing.T, v *visit) { want(t, "protocol", v.state.NegotiatedProtocol, "http/1.1") }},
			forbidden: side{policy: alpn("x/1"), site: site{change: func(c *tls.Config) { c.NextProtos = []string{"h2"} }}},
			says:      "remote error: tls: no application protocol",
		},
	},
	"Identity":   {"1.2": by(identity12), "1.3": by(identity13)},
	"Identities": {"by label": by(identityByLabel)},
	"AllowTruncation": {
		"cut": contrast{
			allowed:   side{policy: rule(func(r *wasitls.Rule) { r.AllowTruncation = true }), site: site{handle: (*conn).cut}},
			forbidden: side{site: site{handle: (*conn).cut}},
			says:      "peer closed the connection without sending close_notify", late: true,
		},
	},
	"HandshakeTimeout": {
		"silence": contrast{
			allowed:   side{policy: rule(func(r *wasitls.Rule) { r.HandshakeTimeout = patience })},
			forbidden: side{policy: rule(func(r *wasitls.Rule) { r.HandshakeTimeout = moment }), site: site{mute: true}},
			says:      "wasitls: handshake: deadline exceeded: no connection within 50ms",
		},
	},
	"Resumption": {
		"within a guest": by(resumesWithinGuest), "not across guests": by(resumesNotAcrossGuests), "not after a new policy": by(resumesNotAfterPolicy),
		"by rule": by(resumesByRule), "off": by(resumesNotByDefault),
	},
	"RequireResolved": {
		"by name": by(resolvedByName), "other name": by(resolvedOtherName), "by address": by(resolvedByAddress), "pumped": by(resolvedPumped),
	},
	"ConnectionsPerGuest": {"one more": by(connectionsPerGuest), "of one instance": by(connectionsOfOne)},
	"Connections":         {"one more": by(connections)},
	"HandshakesPerGuest":  {"waits": by(handshakesPerGuest), "times out": by(handshakesPerGuestTimeout)},
	"Handshakes":          {"waits": by(handshakes), "times out": by(handshakesTimeout), "given up": by(givenUp)},
	"WriteBuffer":         {"records": by(writeBuffer)},
	"ReadBuffer":          {"ahead of the guest": by(readBuffer)},
	"Buffered":            {"one more": by(buffered)},
	"CloseTimeout":        {"a peer that does not read": by(closeTimeout)},
}

func init() { maps.Copy(proofs, verification) }

// TestField shows for each field, in both drafts, what it allows and what it
// forbids.
func TestField(t *testing.T) {
	for field, cases := range proofs {
		t.Run(field, func(t *testing.T) {
			for _, d := range drafts {
				t.Run(d.version, func(t *testing.T) {
					for about, p := range cases {
						t.Run(about, func(t *testing.T) { p.prove(t, d) })
					}
				})
			}
		})
	}
}

// TestEveryFieldHasProof: a new field needs a proof, and a row in docs/status.md.
func TestEveryFieldHasProof(t *testing.T) {
	status, err := os.ReadFile(filepath.Join("..", "..", "docs", "status.md"))
	noError(t, err)
	known := map[string]bool{}
	var walk func(of reflect.Type)
	walk = func(of reflect.Type) {
		for f := range of.Fields() {
			if f.Type.Kind() == reflect.Struct { // Limits and Roots are what is in them
				walk(f.Type)
				continue
			}
			if known[f.Name] {
				t.Errorf("two fields are named %s: which of them is proved?", f.Name)
			}
			known[f.Name] = true
			if len(proofs[f.Name]) == 0 {
				t.Errorf("no proof of field %s of %v", f.Name, of)
			}
			if row := "| `" + of.Name() + "." + f.Name + "` |"; strings.Count(string(status), "\n"+row) != 1 {
				t.Errorf("docs/status.md has no row %s", row)
			}
		}
	}
	walk(reflect.TypeFor[wasitls.Policy]())
	walk(reflect.TypeFor[wasitls.Rule]())
	for field := range proofs {
		if !known[field] {
			t.Errorf("there is no field %s", field)
		}
	}
}

const unknownAuthority = "x509: certificate signed by unknown authority"

// order is two rules for the same name, of these actions.
func order(actions ...wasitls.Action) func(*wasitls.Policy) {
	return func(p *wasitls.Policy) {
		p.Rules = nil
		for i, a := range actions {
			r := wasitls.Rule{Servers: []string{[]string{"*.b.test", "a.b.test"}[i]}, Action: a}
			if a == wasitls.Allow {
				r.Roots.Pool = ours.Pool()
			}
			p.Rules = append(p.Rules, r)
		}
	}
}

func roots(r wasitls.Roots) func(*wasitls.Policy) {
	return rule(func(x *wasitls.Rule) { x.Roots = r })
}

func certificates(of *wasitlstest.CA) []*x509.Certificate { return []*x509.Certificate{of.Certificate} }

func groups(all ...tls.CurveID) func(*wasitls.Policy) {
	return rule(func(r *wasitls.Rule) { r.Groups = all })
}

func alpn(all ...string) func(*wasitls.Policy) {
	return rule(func(r *wasitls.Rule) { r.ALPN = all })
}

func version(of uint16) func(*testing.T, *visit) {
	return func(t *testing.T, v *visit) { want(t, "version", v.state.Version, of) }
}

func group(id tls.CurveID) func(*testing.T, *visit) {
	return func(t *testing.T, v *visit) { want(t, "group", v.state.CurveID, id) }
}

// eventTellsRule: events have the name of the rule that decided.
func eventTellsRule(t *testing.T, d draft) {
	r := site{}.serve(t)
	events := make(chan wasitls.Event, 9)
	c := client(t, func(p *wasitls.Policy) {
		p.Rules[0].Name, p.Rules[0].Servers = "for a", []string{"a.test"}
	}, func(e wasitls.Event) { events <- e })
	instance{client: c}.start(t, d.get, r.url("a.test")).works(t, reply)
	instance{client: c}.start(t, d.get, r.url("b.test")).fails(t, "refused by policy")
	for _, must := range []struct {
		kind wasitls.EventKind
		rule string
	}{{wasitls.Connected, "for a"}, {wasitls.Closed, "for a"}, {wasitls.Refused, "default"}} {
		e := receive(t, events, "event")
		want(t, "kind", e.Kind, must.kind)
		want(t, "rule of "+e.Kind.String(), e.Rule, must.rule)
		want(t, "guest of "+e.Kind.String(), e.Guest, d.get)
		want(t, "server of "+e.Kind.String(), strings.HasSuffix(e.ServerName, ".test"), true)
		want(t, "address of "+e.Kind.String(), e.Address.String(), "127.0.0.1:"+r.port)
		want(t, "duration of "+e.Kind.String(), e.Duration > 0 && e.Duration < time.Minute, true)
	}
}
