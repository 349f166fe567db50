package types

import (
	"errors"
	"fmt"
	"strings"
)

// nameKind is the form of an extern name (Explainer.md, "Import and Export
// Definitions").
type nameKind int

const (
	nameLabel nameKind = iota
	nameConstructor
	nameMethod
	nameStatic
	nameInterface
)

// externName is a parsed name. Resource is set for the three forms that belong
// to a resource, Version for interface names that have one.
type externName struct {
	kind     nameKind
	resource string
	version  string
}

var annotations = []struct {
	prefix string
	kind   nameKind
}{{"[constructor]", nameConstructor}, {"[method]", nameMethod}, {"[static]", nameStatic}}

func parseExternName(s string) (externName, error) {
	for _, a := range annotations {
		rest, ok := strings.CutPrefix(s, a.prefix)
		if !ok {
			continue
		}
		if a.kind == nameConstructor {
			return externName{kind: a.kind, resource: rest}, checkLabel(rest)
		}
		resource, member, ok := strings.Cut(rest, ".")
		if !ok {
			return externName{}, errors.New("failed to find `.` character")
		}
		return externName{kind: a.kind, resource: resource}, errors.Join(checkLabel(resource), checkLabel(member))
	}
	if strings.Contains(s, ":") {
		version, err := parseInterfaceName(s)
		return externName{kind: nameInterface, version: version}, err
	}
	return externName{kind: nameLabel}, checkLabel(s)
}

// parseInterfaceName checks "namespace:package/interface" with or without
// "@version", and returns the version.
func parseInterfaceName(s string) (version string, err error) {
	name, version, versioned := strings.Cut(s, "@")
	namespace, rest, _ := strings.Cut(name, ":")
	pkg, projection, ok := strings.Cut(rest, "/")
	if !ok {
		return "", fmt.Errorf("expected `/` after package name in `%s`", s)
	}
	for _, w := range []string{namespace, pkg} {
		if err := checkLabel(w); err != nil {
			return "", err
		}
		if strings.ToLower(w) != w {
			return "", notKebab(w)
		}
	}
	if first, nested, ok := strings.Cut(projection, "/"); ok && checkLabel(first) == nil {
		return "", fmt.Errorf("trailing characters found: `/%s`", nested)
	}
	if err := checkLabel(projection); err != nil {
		return "", err
	}
	if versioned {
		return version, checkVersion(version)
	}
	return "", nil
}

func notKebab(s string) error { return fmt.Errorf("`%s` is not in kebab case", s) }

// checkLabel checks the form of a label: words joined by hyphens, each all
// lower or all upper case, the first beginning with a letter.
func checkLabel(s string) error {
	for i, word := range strings.Split(s, "-") {
		lower, upper := false, false
		for j := range len(word) {
			switch c := word[j]; {
			case c >= 'a' && c <= 'z':
				lower = true
			case c >= 'A' && c <= 'Z':
				upper = true
			case c >= '0' && c <= '9' && (i > 0 || j > 0):
			default:
				return notKebab(s)
			}
		}
		if word == "" || lower && upper {
			return notKebab(s)
		}
	}
	return nil
}

// checkVersion checks a semantic version, or the canonical form of one, which
// is cut off after its first part that is not zero.
func checkVersion(s string) error {
	if isCanonicalVersion(s) {
		return nil
	}
	return checkSemver(s)
}

func isCanonicalVersion(s string) bool {
	parts := strings.Split(s, ".")
	for i, p := range parts {
		last := i == len(parts)-1
		switch {
		case !isNumber(p) || i > 2:
			return false
		case p != "0":
			return last
		case i == 2:
			return last
		}
	}
	return false
}

// checkSemver checks the form of Semantic Versioning 2.0.
func checkSemver(s string) error {
	if s == "" {
		return errors.New("invalid version: empty string, expected a semver version")
	}
	core, build, hasBuild := strings.Cut(s, "+")
	core, pre, hasPre := strings.Cut(core, "-")
	parts := strings.Split(core, ".")
	for i, p := range parts {
		if i > 2 {
			return fmt.Errorf("invalid version `%s`: unexpected character '.' after the patch version", s)
		}
		if !isNumber(p) {
			return badVersionPart(s, p)
		}
	}
	if len(parts) < 3 {
		return fmt.Errorf("invalid version `%s`: unexpected end of input", s)
	}
	if hasPre {
		if err := checkIdentifiers(s, pre, true); err != nil {
			return err
		}
	}
	if hasBuild {
		return checkIdentifiers(s, build, false)
	}
	return nil
}

func badVersionPart(version, p string) error {
	for _, c := range p {
		if c < '0' || c > '9' {
			return fmt.Errorf("invalid version `%s`: unexpected character %q", version, c)
		}
	}
	if p == "" {
		return fmt.Errorf("invalid version `%s`: unexpected character or end of input, expected a number", version)
	}
	return fmt.Errorf("invalid version `%s`: invalid leading zero or too large a number", version)
}

// checkIdentifiers checks the parts of a pre-release or build suffix.
func checkIdentifiers(version, s string, pre bool) error {
	for _, id := range strings.Split(s, ".") {
		if id == "" {
			return fmt.Errorf("invalid version `%s`: empty identifier segment", version)
		}
		digits := true
		for _, c := range id {
			digits = digits && c >= '0' && c <= '9'
			if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-') {
				return fmt.Errorf("invalid version `%s`: unexpected character %q", version, c)
			}
		}
		if pre && digits && len(id) > 1 && id[0] == '0' {
			return fmt.Errorf("invalid version `%s`: invalid leading zero in `%s`", version, id)
		}
	}
	return nil
}

// isNumber tells whether s is a decimal number without leading zeros that
// fits 64 bits.
func isNumber(s string) bool {
	if s == "" || len(s) > 19 || len(s) > 1 && s[0] == '0' {
		return false
	}
	return strings.Trim(s, "0123456789") == ""
}

// unique is the form of an extern name under which it must be unique in its
// scope (Explainer.md, "Name Uniqueness").
func unique(s string) string {
	s = strings.ToLower(s)
	for _, prefix := range []string{"[method]", "[static]"} {
		if rest, ok := strings.CutPrefix(s, prefix); ok {
			if a, b, _ := strings.Cut(rest, "."); a == b {
				return a
			}
			return rest
		}
	}
	return s
}
