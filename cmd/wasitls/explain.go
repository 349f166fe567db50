package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/wasitls/wasitls/host/wasi/stdio"
	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/config"
)

// explanation is what wasitls explain tells, and with --json its stable form:
// fields may be added, none changes or goes. Nothing in it is secret.
type explanation struct {
	ServerName string `json:"server-name"` // normalised
	Decision   string `json:"decision"`    // "allow" or "deny"
	Reason     string `json:"reason"`
	// Rule is nil if none matches.
	Rule *ruleInfo `json:"rule,omitempty"`
	// Fields are those of the rule, with what each means in effect, but for
	// the two below. Nil if the rule denies.
	Fields   map[string]setting `json:"fields,omitempty"`
	Roots    *rootsInfo         `json:"roots,omitempty"`
	Identity *identityInfo      `json:"identity,omitempty"` // nil: none is sent
	Address  *addressInfo       `json:"address,omitempty"`  // nil without --address

	order []string // of Fields
}

type ruleInfo struct {
	Name    string `json:"name"`
	Number  int    `json:"number"` // from 1 up
	File    string `json:"file"`
	Line    int    `json:"line"`
	Pattern string `json:"pattern"` // the one that matches
}

// setting is the value of a field: a text, a list of them, or a boolean.
type setting struct {
	Value   any  `json:"value"`
	Default bool `json:"default"`
}

type rootsInfo struct {
	Base         string     `json:"base"`
	Default      bool       `json:"default"`
	Certificates []rootInfo `json:"certificates,omitempty"` // beside the base
}

type rootInfo struct {
	File string `json:"file,omitempty"` // empty for one in the configuration itself
	certificateInfo
}

type identityInfo struct {
	Label string `json:"label"`
	certificateInfo
}

type certificateInfo struct {
	Subject  string    `json:"subject"`
	SHA256   string    `json:"sha256"`
	NotAfter time.Time `json:"not-after"`
}

type addressInfo struct {
	Address  string   `json:"address"`
	Required bool     `json:"required"`           // by require-resolved
	Resolved []string `json:"resolved,omitempty"` // addresses of the server name now
	Matches  bool     `json:"matches"`            // the address is among them, or need not be
}

// explainLine is the command line of wasitls explain, as written.
type explainLine struct {
	config, serverName, address string
	json                        bool
	literals                    bool // secrets may stand in the file
}

func (l *explainLine) flags() *pflag.FlagSet {
	set := newFlagSet("explain")
	set.StringVar(&l.config, "config", "", "")
	set.StringVar(&l.serverName, "server-name", "", "")
	set.StringVar(&l.address, "address", "", "")
	set.BoolVar(&l.json, "json", false, "")
	set.BoolVar(&l.literals, "allow-literal-secrets", false, "")
	return set
}

func doExplain(args []string, std stdio.Streams) error {
	l := new(explainLine)
	set := l.flags()
	err := set.Parse(args)
	switch {
	case err != nil:
	case set.NArg() > 0:
		err = fmt.Errorf("explain takes no arguments, not %q", set.Arg(0))
	case l.config == "" || !set.Changed("server-name"):
		err = errors.New("--config and --server-name are needed")
	}
	if err != nil {
		return usageOf("explain", err)
	}
	x, err := explain(context.Background(), l.config, l.literals, l.serverName, l.address)
	if err != nil {
		return err
	}
	if l.json {
		e := json.NewEncoder(std.Stdout)
		e.SetIndent("", "  ")
		err = e.Encode(x)
	} else {
		err = x.writeText(std.Stdout)
	}
	if err == nil && x.Decision != wasitls.Allow.String() {
		return failure{status: exitGuest}
	}
	return err
}

// explain tells what the file's policy does with a server name, and with an
// address of it unless that is empty.
func explain(ctx context.Context, file string, literals bool, name, address string) (*explanation, error) {
	f, err := loadConfig(file, literals)
	if err != nil {
		return nil, err
	}
	if f.Policy == nil {
		return nil, refuse("docs/policy.md describes it", "%s: no section tls", file)
	}
	server, err := wasitls.ParseServerName(name)
	if err != nil {
		return nil, refuse("", "--server-name: %s", plain(err))
	}
	var at netip.Addr
	if address != "" {
		if at, err = netip.ParseAddr(address); err != nil {
			return nil, refuse("an address is written 192.0.2.1 or 2001:db8::1", "--address=%s: not an IP address", address)
		}
	}
	rule, index, pattern, err := f.Policy.Match(name)
	if err != nil {
		return nil, err
	}
	x := &explanation{ServerName: server.String(), Decision: wasitls.Allow.String(), Reason: "the rule allows it"}
	if index >= 0 {
		x.Rule = &ruleInfo{ruleName(rule, index), index + 1, file, f.Line(fmt.Sprintf("tls.rules[%d]", index)), pattern}
	}
	switch {
	case rule == nil:
		x.deny("no rule matches, and the default denies")
	case rule.Action == wasitls.Deny:
		x.deny("the rule denies it")
	default:
		if index < 0 {
			x.Reason = "no rule matches, and the default allows"
		}
		x.describe(rule)
		x.Roots = describeRoots(rule, f.RootSources(index))
		if i := f.Policy.Identities[rule.Identity]; i != nil {
			x.Identity = &identityInfo{rule.Identity, certificateOf(i.Certificate())}
		}
		if at.IsValid() {
			x.at(ctx, rule, server, at.Unmap())
		}
	}
	return x, nil
}

func ruleName(r *wasitls.Rule, index int) string {
	if r.Name == "" {
		return fmt.Sprintf("rule %d", index+1)
	}
	return r.Name
}

func (x *explanation) deny(reason string) {
	x.Decision, x.Reason = wasitls.Deny.String(), reason
}

// set notes what a field means in effect.
func (x *explanation) set(field string, value any, isDefault bool) {
	if x.Fields == nil {
		x.Fields = map[string]setting{}
	}
	x.Fields[field] = setting{value, isDefault}
	x.order = append(x.order, field)
}

// describe notes every field of a rule that allows, but roots and identity.
func (x *explanation) describe(r *wasitls.Rule) {
	lowest := uint16(tls.VersionTLS12)
	if r.RequirePostQuantum {
		lowest = tls.VersionTLS13
	}
	x.set("min-version", version(max(lowest, r.MinVersion)), r.MinVersion == 0)
	x.set("max-version", version(or(r.MaxVersion, tls.VersionTLS13)), r.MaxVersion == 0)
	x.set("groups", groupNames(r), len(r.Groups) == 0)
	x.set("post-quantum", choose(r.RequirePostQuantum, "required", "optional"), !r.RequirePostQuantum)
	x.set("alpn", texts(r.ALPN, func(s string) string { return s }), len(r.ALPN) == 0)
	x.set("pins", texts(r.Pins, wasitls.Pin.String), len(r.Pins) == 0)
	x.set("ocsp", r.OCSP.String(), r.OCSP == 0)
	x.set("crls", texts(r.CRLs, crlName), len(r.CRLs) == 0)
	x.set("truncation", choose(r.AllowTruncation, "allowed", "error"), !r.AllowTruncation)
	x.set("handshake-timeout", or(r.HandshakeTimeout, wasitls.DefaultHandshakeTimeout).String(), r.HandshakeTimeout == 0)
	x.set("resumption", r.Resumption, !r.Resumption)
	x.set("profile", r.Profile.String(), r.Profile == 0)
	x.set("require-resolved", r.RequireResolved, !r.RequireResolved)
}

// version returns a version of TLS as the file has it.
func version(v uint16) string { return strings.TrimPrefix(tls.VersionName(v), "TLS ") }

// or returns x, or what stands for its zero value.
func or[T comparable](x, instead T) T {
	var zero T
	if x == zero {
		return instead
	}
	return x
}

func choose(yes bool, a, b string) string {
	if yes {
		return a
	}
	return b
}

// texts returns a list that is not nil, which JSON has as [].
func texts[T any](all []T, text func(T) string) []string {
	list := []string{}
	for _, x := range all {
		list = append(list, text(x))
	}
	return list
}

// groupNames returns the names of the groups that are offered, nil for those
// that crypto/tls offers by itself.
func groupNames(r *wasitls.Rule) any {
	isHybrid := func(name string) bool { return strings.Contains(name, "MLKEM") }
	names := texts(r.Groups, wasitls.GroupName)
	switch {
	case len(names) == 0 && r.RequirePostQuantum:
		return "those of crypto/tls with ML-KEM"
	case len(names) == 0:
		return "those of crypto/tls"
	case r.RequirePostQuantum:
		return slices.DeleteFunc(names, func(name string) bool { return !isHybrid(name) })
	}
	return names
}

func crlName(l *x509.RevocationList) string {
	return fmt.Sprintf("%s: %d revoked, of %s", l.Issuer, len(l.RevokedCertificateEntries), l.ThisUpdate.UTC().Format(time.RFC3339))
}

func describeRoots(r *wasitls.Rule, sources []config.Source) *rootsInfo {
	info := &rootsInfo{Base: r.Roots.Base.String()}
	for _, s := range sources {
		for _, c := range s.Certificates {
			info.Certificates = append(info.Certificates, rootInfo{s.File, certificateOf(c)})
		}
	}
	info.Default = r.Roots.Base == 0 && len(info.Certificates) == 0
	return info
}

func certificateOf(c *x509.Certificate) certificateInfo {
	return certificateInfo{c.Subject.String(), wasitls.Fingerprint(c), c.NotAfter.UTC()}
}

// lookupTimeout bounds the look-up of a server name.
const lookupTimeout = 5 * time.Second

// at tells what the rule does with a connection to an address.
func (x *explanation) at(ctx context.Context, r *wasitls.Rule, server wasitls.ServerName, at netip.Addr) {
	x.Address = &addressInfo{Address: at.String(), Required: r.RequireResolved, Matches: true}
	if !r.RequireResolved {
		return
	}
	if server.IsIP() {
		if x.Address.Matches = at.String() == server.String(); !x.Address.Matches {
			x.deny("the address is not the server name")
		}
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", server.String())
	for _, a := range found {
		x.Address.Resolved = append(x.Address.Resolved, a.Unmap().String())
	}
	slices.Sort(x.Address.Resolved)
	x.Address.Resolved = slices.Compact(x.Address.Resolved)
	x.Address.Matches = slices.Contains(x.Address.Resolved, at.String())
	switch {
	case err != nil:
		x.deny("the server name has no address now, and the rule requires that the guest was given this one for it")
	case !x.Address.Matches:
		x.deny("the server name has other addresses now, and the rule requires that the guest was given this one for it")
	}
}
