package conformance_test

import (
	"testing"

	"github.com/wasitls/wasitls/wasitls/wasitlstest/conformance"
)

func TestCryptoTLS(t *testing.T) { conformance.Run(t, nil) }
