package host

import (
	"strings"

	"golang.org/x/mod/semver"
)

// splitVersion cuts "ns:pkg/iface@1.2.3" into its name and version.
func splitVersion(name string) (base, version string) {
	base, version, _ = strings.Cut(name, "@")
	return base, version
}

// serves tells whether an implementation of version have can serve an import
// of version want: both on one compatibility track. For 1.2.3 that is 1; for
// 0.2.3 it is 0.2; a pre-release such as 0.2.0-draft is a track of its own.
// Patch and minor numbers do not matter, since import types are checked: an
// import may well be newer than the host and use nothing new.
func serves(have, want string) bool { return track(have) == track(want) }

func track(version string) string {
	v := "v" + version
	switch {
	case !semver.IsValid(v):
		return version
	case semver.Prerelease(v) != "":
		return version
	case semver.Major(v) != "v0":
		return semver.Major(v)
	case semver.MajorMinor(v) != "v0.0":
		return semver.MajorMinor(v)
	}
	return version
}

// newer tells whether version a is later than b.
func newer(a, b string) bool { return semver.Compare("v"+a, "v"+b) > 0 }
