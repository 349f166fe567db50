package config

import (
	"crypto/tls"
	"errors"
	"strings"

	"github.com/wasitls/wasitls/wasitls"
)

// policy decodes the section tls. The names of its fields are those of
// wasitls.FieldError, so that what Policy.Validate says has a line.
func (d *decoder) policy(n node, w *Workload) *wasitls.Policy {
	p := new(wasitls.Policy)
	ok := d.object(n, fields{
		"default":    func(n node) { p.Default = d.action(n) },
		"rules":      func(n node) { p.Rules = d.rules(n) },
		"identities": func(n node) { p.Identities = d.identities(n, w) },
		"limits":     func(n node) { d.limits(n, &p.Limits) },
	})
	if ok {
		d.validate(n, p)
	}
	return p
}

// validate tells what is wrong with a policy, but for what follows from an
// error that has been told.
func (d *decoder) validate(n node, p *wasitls.Policy) {
	err := p.Validate(d.options.Now)
	if err == nil {
		return
	}
	all := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		all = joined.Unwrap()
	}
	for _, err := range all {
		at := node{path: n.path, line: n.line}
		var e *wasitls.FieldError
		if errors.As(err, &e) {
			at.path = join(n.path, e.Field)
			at.line = lineOf(d.lines, at.path)
			err = e.Err
		}
		if !d.failed(at.path) {
			d.fail(at, "%w", unprefixed(err))
		}
	}
}

// unprefixed returns an error without the name of the package that made it.
func unprefixed(err error) error {
	if text, ok := strings.CutPrefix(err.Error(), "wasitls: "); ok {
		return errors.New(text)
	}
	return err
}

// each of the words of a file, at the place of its value.
var (
	actions   = []string{"", wasitls.Allow.String(), wasitls.Deny.String()}
	bases     = []string{wasitls.BaseSystem.String(), wasitls.BaseMozilla.String(), wasitls.BaseNone.String()}
	ocspModes = []string{wasitls.OCSPOff.String(), wasitls.OCSPPrefer.String(), wasitls.OCSPMustStaple.String()}
	profiles  = []string{wasitls.ProfileGo.String(), wasitls.ProfileWebPKI.String()}
)

func (d *decoder) action(n node) wasitls.Action {
	return wasitls.Action(1 + d.choice(n, actions[1:]...))
}

func (d *decoder) rules(n node) []wasitls.Rule {
	if n.yaml.Kind != sequence {
		d.fail(n, "must be a list of rules, each of which begins with a dash")
		return nil
	}
	var all []wasitls.Rule
	for _, item := range d.items(n) {
		all = append(all, d.rule(item))
	}
	return all
}

func (d *decoder) rule(n node) wasitls.Rule {
	var r wasitls.Rule
	d.object(n, fields{
		"name":              func(n node) { r.Name, _ = d.text(n) },
		"servers":           func(n node) { r.Servers = d.texts(n) },
		"action":            func(n node) { r.Action = d.action(n) },
		"roots":             func(n node) { r.Roots = d.trusted(n) },
		"min-version":       func(n node) { r.MinVersion = d.version(n) },
		"max-version":       func(n node) { r.MaxVersion = d.version(n) },
		"groups":            func(n node) { r.Groups = parsed(d, n, wasitls.ParseGroup) },
		"post-quantum":      func(n node) { r.RequirePostQuantum = d.choice(n, "optional", "required") == 1 },
		"alpn":              func(n node) { r.ALPN = d.texts(n) },
		"identity":          func(n node) { r.Identity, _ = d.text(n) },
		"pins":              func(n node) { r.Pins = parsed(d, n, wasitls.ParsePin) },
		"ocsp":              func(n node) { r.OCSP = wasitls.OCSPMode(d.choice(n, ocspModes...)) },
		"crls":              func(n node) { r.CRLs = d.crls(n) },
		"truncation":        func(n node) { r.AllowTruncation = d.choice(n, "error", "allowed") == 1 },
		"handshake-timeout": func(n node) { r.HandshakeTimeout = d.duration(n) },
		"resumption":        func(n node) { r.Resumption = d.boolean(n) },
		"profile":           func(n node) { r.Profile = wasitls.Profile(d.choice(n, profiles...)) },
		"require-resolved":  func(n node) { r.RequireResolved = d.boolean(n) },
	})
	return r
}

// version decodes "1.2" or "1.3", in quotes or not.
func (d *decoder) version(n node) uint16 {
	return []uint16{tls.VersionTLS12, tls.VersionTLS13}[d.choice(n, "1.2", "1.3")]
}

// parsed decodes a list of what parse reads.
func parsed[T any](d *decoder, n node, parse func(string) (T, error)) []T {
	var all []T
	for _, item := range d.items(n) {
		s, ok := d.text(item)
		if !ok {
			continue
		}
		x, err := parse(s)
		if err != nil {
			d.fail(item, "%w", unprefixed(err))
		}
		all = append(all, x)
	}
	return all
}

func (d *decoder) limits(n node, l *wasitls.Limits) {
	d.object(n, fields{
		"connections-per-guest": func(n node) { l.ConnectionsPerGuest = d.integer(n) },
		"connections":           func(n node) { l.Connections = d.integer(n) },
		"handshakes-per-guest":  func(n node) { l.HandshakesPerGuest = d.integer(n) },
		"handshakes":            func(n node) { l.Handshakes = d.integer(n) },
		"write-buffer":          func(n node) { l.WriteBuffer = int(d.size(n)) },
		"read-buffer":           func(n node) { l.ReadBuffer = int(d.size(n)) },
		"buffered":              func(n node) { l.Buffered = d.size(n) },
		"close-timeout":         func(n node) { l.CloseTimeout = d.duration(n) },
	})
}
