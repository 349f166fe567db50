package wasitls_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// A rule that demands more of a server than a chain to a root, and what is
// said of a server that does not meet it.
func ExampleRule() {
	authority := wasitlstest.NewCA()
	server := wasitlstest.Peer{Config: authority.Server()}
	list := authority.CRL(nil)

	rule := wasitls.Rule{
		Name:    "payments",
		Servers: []string{"server.test"},
		Roots:   wasitls.Roots{Base: wasitls.BaseNone, Certificates: []*x509.Certificate{authority.Certificate}},
		Pins:    []wasitls.Pin{wasitls.PinOf(authority.Certificate)},
		CRLs:    []*x509.RevocationList{list},
		OCSP:    wasitls.OCSPMustStaple,
	}
	client, err := wasitls.NewClient(wasitls.Config{Policy: &wasitls.Policy{Default: wasitls.Deny, Rules: []wasitls.Rule{rule}}})
	if err != nil {
		log.Fatal(err)
	}
	guest := client.NewGuest(wasitls.GuestConfig{Name: "example"})
	_, err = guest.Handshake(context.Background(), server.Pipe(), "server.test")
	var refused *wasitls.VerificationError
	if errors.As(err, &refused) {
		fmt.Printf("rule %s, field %s: %v\n", refused.Rule, refused.Field, refused.Err)
	}
	// Output:
	// rule payments, field ocsp: the server has stapled no OCSP response, which the rule requires
}
