package bettertls

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Netflix/bettertls/test-suites/certutil"
	"github.com/Netflix/bettertls/test-suites/nameconstraints"
	"github.com/Netflix/bettertls/test-suites/pathbuilding"
	suite "github.com/Netflix/bettertls/test-suites/test-case"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// patience bounds each handshake.
const patience = 20 * time.Second

func TestBetterTLS(t *testing.T) {
	root, key, err := certutil.GenerateSelfSignedCert("bettertls_trust_root")
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(root)
	client, err := wasitls.NewClient(wasitls.Config{Policy: wasitls.Trust(pool)})
	if err != nil {
		t.Fatal(err)
	}
	guest := client.NewGuest(wasitls.GuestConfig{})
	for _, s := range []struct {
		suite.TestCaseProvider
		cases uint
	}{
		{pathbuilding.NewTestCaseProvider(), 81},
		{nameconstraints.NewTestCaseProvider(), 9491},
	} {
		t.Run(s.Name(), func(t *testing.T) {
			n, err := s.GetTestCaseCount()
			if err != nil || n != s.cases {
				t.Fatalf("%d cases, not %d: %v", n, s.cases, err)
			}
			tally := tally{counts: map[string]int{}}
			var workers sync.WaitGroup
			next := make(chan uint)
			for range runtime.GOMAXPROCS(0) {
				workers.Go(func() {
					for i := range next {
						c, err := s.GetTestCase(i)
						if err != nil {
							t.Errorf("case %d: %v", i, err)
							continue
						}
						tally.add(t, i, c, run(guest, c, root, key))
					}
				})
			}
			for i := range n {
				next <- i
			}
			close(next)
			workers.Wait()
			tally.show(t, n)
		})
	}
}

// run makes the case's certificates and a handshake with a server that shows
// them.
func run(guest *wasitls.Guest, c suite.TestCase, root *x509.Certificate, key crypto.Signer) error {
	chain, err := c.GetCertificates(root, key)
	if err != nil {
		return fmt.Errorf("the suite: %w", err)
	}
	peer := wasitlstest.Peer{Config: &tls.Config{Certificates: []tls.Certificate{*chain}}}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := guest.Handshake(ctx, peer.Pipe(), c.GetHostname())
	if err != nil {
		return err
	}
	conn.Close()
	<-conn.Done()
	return nil
}

// tally counts outcomes.
type tally struct {
	mu     sync.Mutex
	counts map[string]int
}

// add checks an outcome. A refusal must be one of the certificate. What the
// suite only recommends (SOFT) must be so, too: there are no exceptions.
func (y *tally) add(t *testing.T, i uint, c suite.TestCase, err error) {
	expected := c.ExpectedResult()
	pass := expected == suite.EXPECTED_RESULT_PASS || expected == suite.EXPECTED_RESULT_SOFT_PASS
	var failure *wasitls.HandshakeError
	refused := errors.As(err, &failure) && failure.Class == wasitls.ClassCertificate
	outcome := "accepted"
	switch {
	case err == nil:
	case refused:
		outcome = "refused"
	default:
		outcome = "failed otherwise"
		t.Errorf("case %d: failed, and not for its certificates: %v", i, err)
	}
	if pass != (err == nil) {
		t.Errorf("case %d, %s: expected %v, and was %s: %v", i, c.GetHostname(), expected, outcome, err)
	}
	y.mu.Lock()
	y.counts[fmt.Sprintf("%v: %s", expected, outcome)]++
	y.mu.Unlock()
}

// show logs how many cases there were of each kind.
func (y *tally) show(t *testing.T, n uint) {
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(y.counts)) {
		parts = append(parts, fmt.Sprintf("%d %s", y.counts[kind], kind))
	}
	t.Logf("%d cases: %s", n, strings.Join(parts, "; "))
}
