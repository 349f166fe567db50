package interop

import (
	"crypto/tls"
	"strings"
)

// Revocation returns the meeting with servers whose certificates are revoked, or
// not, by clients whose policy asks for that. There is no control: crypto/tls
// does not ask.
func Revocation() Meeting {
	return Meeting{
		Title: "Revoked servers",
		About: `The guests are the same. Their policy asks for a stapled OCSP response (` + "`ocsp: must-staple`" + `), has a revocation list
(` + "`crls`" + `), or neither. The servers staple what they are given.
`,
		Servers:    meetingServers(),
		Encounters: inBoth(revocationBy("openssl s_server"), revocationBy("nginx")),
	}
}

func revocationBy(server string) func(uint16) []Encounter {
	return func(version uint16) []Encounter {
		const mustStaple, list = "ocsp: must-staple", `crls: ["{crl}"]`
		served := []string{"over " + strings.Replace(tls.VersionName(version), "TLS ", "TLSv", 1)}
		if server == "openssl s_server" {
			served = []string{"Ciphers supported in s_server binary"}
		}
		return []Encounter{
			{Server: server, Name: "stapled", About: "the policy wants a stapled response, and that says good", Staple: valid, Rule: mustStaple, Stage: ByAnswer, Says: served},
			{Server: server, Name: "not stapled", About: "the policy wants a stapled response, and there is none", Rule: mustStaple,
				Stage: InHandshake, Says: []string{"the server has stapled no OCSP response"}},
			{Server: server, Name: "stapled, revoked", About: "the policy wants a stapled response, and that says revoked", Leaf: invalid, Staple: invalid, Rule: mustStaple,
				Stage: InHandshake, Says: []string{"was revoked at"}},
			{Server: server, Name: "not listed", About: "the policy has a revocation list, and the server is not on it", Rule: list, Stage: ByAnswer, Says: served},
			{Server: server, Name: "listed", About: "the policy has a revocation list, and the server is on it", Leaf: invalid, Rule: list,
				Stage: InHandshake, Says: []string{"was revoked by its issuer at"}},
			{Server: server, Name: "not asked", About: "a revoked server, about which the policy says nothing", Leaf: invalid, Staple: invalid, Stage: ByAnswer, Says: served},
		}
	}
}
