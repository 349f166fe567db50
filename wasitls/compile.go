package wasitls

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/wasitls/wasitls/wasitls/internal/verify"
)

// compiler collects what is wrong with a policy.
type compiler struct {
	policy *Policy
	now    time.Time
	lists  map[*x509.RevocationList]*verify.List // many rules may have the same
	errs   []error
}

func (c *compiler) fail(field, format string, args ...any) {
	c.errs = append(c.errs, &FieldError{field, fmt.Errorf(format, args...)})
}

// compile makes a ruleset of a policy.
func compile(p *Policy, now time.Time) (*ruleset, error) {
	if p == nil {
		return nil, errors.New("wasitls: no policy")
	}
	c := &compiler{policy: p, now: now, lists: map[*x509.RevocationList]*verify.List{}}
	limits := p.Limits.withDefaults()
	s := &ruleset{limits: &limits}
	c.limits(&p.Limits)
	for _, label := range slices.Sorted(maps.Keys(p.Identities)) {
		c.identity("identities."+label, label, p.Identities[label])
	}
	for i := range p.Rules {
		field := fmt.Sprintf("rules[%d]", i)
		r := c.rule(field, p.Rules[i])
		if r.Name == "" {
			r.Name = fmt.Sprintf("rule %d", i+1)
		}
		r.place, r.limits = i, s.limits
		if r.Resumption {
			s.resuming = append(s.resuming, r)
		}
		for _, p := range c.patterns(field+".servers", r.Servers) {
			s.index.add(p, r)
		}
	}
	switch p.Default {
	case Allow:
		s.fallback = c.rule("default", fallbackRule)
		s.fallback.limits = s.limits
	case Deny:
	default:
		c.fail("default", "must be stated: deny or allow")
	}
	if len(c.errs) > 0 {
		return nil, errors.Join(c.errs...)
	}
	return s, nil
}

func (c *compiler) identity(field, label string, i *Identity) {
	switch {
	case label == "":
		c.fail(field, "an identity without label")
	case i == nil || i.certificate == nil:
		c.fail(field, "no certificate")
	default:
		if err := i.valid(c.now); err != nil {
			c.fail(field, "%w", err)
		}
	}
}

// rule checks a rule and makes it ready. What is returned is of use only if
// nothing has failed.
func (c *compiler) rule(field string, from Rule) *rule {
	r := &rule{Rule: from}
	if len(r.Name) > MaxRuleName {
		c.fail(field+".name", "longer than %d bytes", MaxRuleName)
	}
	switch r.Action {
	case 0:
		r.Action = Allow
	case Allow:
	case Deny:
		c.onlyDenied(field, &from)
		return r
	default:
		c.fail(field+".action", "neither allow nor deny")
	}
	c.parameters(field, r)
	c.trust(field, r)
	r.config = &tls.Config{
		RootCAs:          c.roots(field+".roots", r.Roots),
		MinVersion:       r.MinVersion,
		MaxVersion:       r.MaxVersion,
		CurvePreferences: r.Groups,
		NextProtos:       r.ALPN,
		// What is accepted from a guest is already gathered into full
		// records; small first records would only cost.
		DynamicRecordSizingDisabled: true,
	}
	return r
}

// patterns reads a rule's patterns.
func (c *compiler) patterns(field string, servers []string) []pattern {
	if len(servers) == 0 {
		c.fail(field, "no pattern: which servers is it for?")
	}
	all := make([]pattern, len(servers))
	for i, text := range servers {
		var err error
		if all[i], err = parsePattern(text); err != nil {
			c.fail(fmt.Sprintf("%s[%d]", field, i), "%w", err)
		}
	}
	return all
}

// onlyDenied sees to it that a rule that denies says nothing else: whoever
// wrote more meant something else.
func (c *compiler) onlyDenied(field string, r *Rule) {
	set := map[string]bool{
		"roots":             r.Roots.Base != 0 || r.Roots.Certificates != nil || r.Roots.Pool != nil,
		"min-version":       r.MinVersion != 0,
		"max-version":       r.MaxVersion != 0,
		"groups":            r.Groups != nil,
		"post-quantum":      r.RequirePostQuantum,
		"alpn":              r.ALPN != nil,
		"identity":          r.Identity != "",
		"pins":              r.Pins != nil,
		"ocsp":              r.OCSP != 0,
		"crls":              r.CRLs != nil,
		"truncation":        r.AllowTruncation,
		"handshake-timeout": r.HandshakeTimeout != 0,
		"resumption":        r.Resumption,
		"profile":           r.Profile != 0,
		"require-resolved":  r.RequireResolved,
	}
	for _, name := range slices.Sorted(maps.Keys(set)) {
		if set[name] {
			c.fail(field+"."+name, "is of no use in a rule that denies")
		}
	}
}

// parameters checks what is negotiated and fills defaults in.
func (c *compiler) parameters(field string, r *rule) {
	c.version(field+".min-version", r.MinVersion)
	c.version(field+".max-version", r.MaxVersion)
	if r.MaxVersion != 0 && r.MinVersion > r.MaxVersion {
		c.fail(field+".min-version", "%s is above the maximum, %s", tls.VersionName(r.MinVersion), tls.VersionName(r.MaxVersion))
	}
	for i, g := range r.Groups {
		if _, known := groupOf(g); !known {
			c.fail(fmt.Sprintf("%s.groups[%d]", field, i), "unknown group %s", GroupName(g))
		}
	}
	if r.RequirePostQuantum {
		c.postQuantum(field, r)
	}
	total := 0
	for i, p := range r.ALPN {
		total += 1 + len(p)
		if len(p) == 0 || len(p) > 255 {
			c.fail(fmt.Sprintf("%s.alpn[%d]", field, i), "a protocol has 1 to 255 bytes, not %d", len(p))
		}
	}
	if total > maxALPN {
		c.fail(field+".alpn", "the protocols take %d bytes, more than %d", total, maxALPN)
	}
	switch t := r.HandshakeTimeout; {
	case t < 0 || t > MaxTimeout:
		c.fail(field+".handshake-timeout", "%v is not within 0 and %v", t, time.Duration(MaxTimeout))
	case t == 0:
		r.HandshakeTimeout = DefaultHandshakeTimeout
	}
}

func (c *compiler) version(field string, v uint16) {
	if v != 0 && v != tls.VersionTLS12 && v != tls.VersionTLS13 {
		c.fail(field, "%s is not offered, only TLS 1.2 and TLS 1.3", tls.VersionName(v))
	}
}

func (c *compiler) postQuantum(field string, r *rule) {
	if r.MaxVersion == tls.VersionTLS12 {
		c.fail(field+".max-version", "TLS 1.2 has no post-quantum groups")
	}
	r.MinVersion = tls.VersionTLS13
	if r.Groups = hybrids(r.Groups); len(r.Groups) == 0 {
		c.fail(field+".groups", "none is post-quantum, which the rule requires")
	}
}

// trust checks what peers and this side show.
func (c *compiler) trust(field string, r *rule) {
	if r.Identity != "" {
		if r.identity = c.policy.Identities[r.Identity]; r.identity == nil {
			c.fail(field+".identity", "there is no identity %q", brief(r.Identity))
		}
	}
	if r.OCSP > OCSPMustStaple {
		c.fail(field+".ocsp", "neither off, prefer nor must-staple")
	}
	if r.Profile > ProfileWebPKI {
		c.fail(field+".profile", "neither go nor webpki")
	}
	r.demands = verify.Demands{Strict: r.Profile == ProfileWebPKI, Lists: verify.Lists{}}
	switch r.OCSP {
	case OCSPPrefer:
		r.demands.Staple = verify.Prefer
	case OCSPMustStaple:
		r.demands.Staple = verify.Require
	}
	for _, p := range r.Pins {
		r.demands.Pins = append(r.demands.Pins, p)
	}
	for i, l := range r.CRLs {
		if list := c.list(fmt.Sprintf("%s.crls[%d]", field, i), l); list != nil {
			r.demands.Lists.Add(list)
		}
	}
}

// list makes a revocation list ready; it is nil if that fails.
func (c *compiler) list(field string, from *x509.RevocationList) *verify.List {
	if from == nil {
		c.fail(field, "no list")
		return nil
	}
	if c.lists[from] == nil {
		list, err := verify.NewList(from, c.now)
		if err != nil {
			c.fail(field, "%w", err)
			return nil
		}
		c.lists[from] = list
	}
	return c.lists[from]
}
