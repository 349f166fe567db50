package utls_test

import (
	"testing"

	"github.com/wasitls/wasitls/interop/utls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest/conformance"
)

// TestConformance tells by its skips what uTLS v1.8.2 does not do.
func TestConformance(t *testing.T) {
	const endless = "uTLS counts messages after the handshake as progress, which crypto/tls no longer does"
	conformance.Run(t, utls.Provider{},
		conformance.Exception{Case: "TestC_AfterHandshake/C09_KeyUpdates_for_ever", Reason: endless},
		conformance.Exception{Case: "TestC_AfterHandshake/C09_requested_KeyUpdates_for_ever", Reason: endless},
		conformance.Exception{Case: "TestC_AfterHandshake/C11_tickets_for_ever", Reason: endless},
		conformance.Exception{Case: "TestGroups/SecP256r1MLKEM768", Reason: "uTLS has no other hybrid group than X25519MLKEM768"},
	)
}
