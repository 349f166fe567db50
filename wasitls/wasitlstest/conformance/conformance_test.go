package conformance_test

import (
	"crypto/tls"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest/conformance"
)

func TestCryptoTLS(t *testing.T) { conformance.Run(t, wasitls.CryptoTLS{}) }

// faulty is a provider that breaks the contract in one way.
type faulty struct {
	change func(*tls.Config)
	wrap   func(net.Conn, *tls.Conn) wasitls.Session // nil for none
}

func (f faulty) Client(transport net.Conn, config *tls.Config) wasitls.Session {
	if f.change != nil {
		f.change(config)
	}
	conn := tls.Client(transport, config)
	if f.wrap != nil {
		return f.wrap(transport, conn)
	}
	return conn
}

// final makes errors of the transport final.
type final struct {
	*tls.Conn
	err error
}

func (f *final) Read(p []byte) (n int, err error) {
	if f.err == nil {
		n, f.err = f.Conn.Read(p)
	}
	return n, f.err
}

// closing closes the transport after close_notify.
type closing struct {
	*tls.Conn
	transport net.Conn
}

func (c closing) CloseWrite() error {
	defer c.transport.Close()
	return c.Conn.CloseWrite()
}

var shared = tls.NewLRUClientSessionCache(9)

// faults are, by the case that must find it, what may be wrong with a provider.
var faults = map[string]faulty{
	"TestA":                         {change: func(c *tls.Config) { c.InsecureSkipVerify = true }},
	"TestA02ClockOfTheHost":         {change: func(c *tls.Config) { c.Time = nil }},
	"TestKeyLog":                    {change: func(c *tls.Config) { c.KeyLogWriter = nil }},
	"TestP2_75ReadAfterCloseOutput": {wrap: func(t net.Conn, c *tls.Conn) wasitls.Session { return closing{c, t} }},
	"TestRandomInterleavings":       {wrap: func(_ net.Conn, c *tls.Conn) wasitls.Session { return &final{Conn: c} }},
	"TestALPN":                      {change: func(c *tls.Config) { c.NextProtos = nil }},
	"TestGroups":                    {change: func(c *tls.Config) { c.CurvePreferences = nil }},
	"TestRuleIdentity":              {change: func(c *tls.Config) { c.GetClientCertificate = nil }},
	"TestRuleResumption":            {change: func(c *tls.Config) { c.ClientSessionCache = shared }},
	"TestVersions":                  {change: func(c *tls.Config) { c.MinVersion, c.MaxVersion = 0, 0 }},
	"TestVerifyConnection":          {change: func(c *tls.Config) { c.VerifyConnection = nil }},
	"TestRefusedBeforeData":         {change: func(c *tls.Config) { c.VerifyConnection = nil }},
	"TestB_SNI":                     {change: func(c *tls.Config) { c.ServerName = "server.test" }},
	"TestP2_84AddressNeedsIPSAN":    {change: func(c *tls.Config) { c.InsecureSkipVerify = true }},
}

const faultEnv = "WASITLS_TEST_FAULT"

// TestFaultsAreFound: a suite that every provider passes would prove nothing.
// Each fault is tried in another process, by the case that must find it.
func TestFaultsAreFound(t *testing.T) {
	if name := os.Getenv(faultEnv); name != "" {
		conformance.Run(t, faults[name])
		return
	}
	for name := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run := exec.Command(os.Args[0], "-test.run=^TestFaultsAreFound$/^"+name, "-test.short")
			run.Env = append(os.Environ(), faultEnv+"="+name)
			out, err := run.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "--- FAIL: TestFaultsAreFound/"+name) {
				t.Errorf("the fault is not found: %v\n%s", err, out)
			}
		})
	}
}
