package p3_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/wasitls/wasitls/host"
	wasip3 "github.com/wasitls/wasitls/host/wasi/p3"
	"github.com/wasitls/wasitls/wasitls/p3"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// web starts a server for requests over TLS.
func web(t *testing.T, config *tls.Config, h http.HandlerFunc) (url string) {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.TLS = config
	s.StartTLS()
	t.Cleanup(s.Close)
	return strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
}

// TestHTTPSGet makes requests from a guest, to several servers at once.
func TestHTTPSGet(t *testing.T) {
	r := newRig(t)
	const servers, requests = 6, 4
	body := strings.Repeat("0123456789abcdef", 20_000)
	var args []string
	var want strings.Builder
	for i := range servers {
		url := web(t, r.peer.CA.Server(), func(w http.ResponseWriter, q *http.Request) {
			fmt.Fprintf(w, "%d %s %s", i, q.URL.Path, body)
		})
		for j := range requests {
			args = append(args, fmt.Sprintf("%s/%d", url, j))
			fmt.Fprintf(&want, "HTTP 200\n%d /%d %s\n", i, j, body)
		}
	}
	out, errs, status, err := r.run(t, "https-get-p3", args...)
	if err != nil || status != 0 {
		t.Fatalf("status %d, %v: %s", status, err, errs)
	}
	if strings.TrimSpace(out) != strings.TrimSpace(want.String()) {
		t.Errorf("%d bytes, not %d", len(out), want.Len())
	}
}

// TestHTTPSPost sends a body.
func TestHTTPSPost(t *testing.T) {
	r := newRig(t)
	url := web(t, r.peer.CA.Server(), func(w http.ResponseWriter, q *http.Request) {
		data, _ := io.ReadAll(q.Body)
		fmt.Fprintf(w, "%s of %d", q.Method, len(data))
	})
	out, errs, status, err := r.run(t, "https-get-p3", url, "--data", strings.Repeat("x", 100_000))
	if err != nil || status != 0 || strings.TrimSpace(out) != "HTTP 200\nPOST of 100000" {
		t.Errorf("status %d, %v: %q %s", status, err, out, errs)
	}
}

// TestHTTPSRefused tells the guest why there is no connection.
func TestHTTPSRefused(t *testing.T) {
	r := newRig(t)
	url := web(t, wasitlstest.NewCA().Server(), func(http.ResponseWriter, *http.Request) { t.Error("served") })
	_, errs, status, err := r.run(t, "https-get-p3", url)
	if err != nil || status != 1 || !strings.Contains(errs, "certificate signed by unknown authority") {
		t.Errorf("status %d, %v: %s", status, err, errs)
	}
}

// TestOff serves nothing unless it is asked to.
func TestOff(t *testing.T) {
	r := newRig(t)
	linker := host.NewLinker()
	wasip3.Bind(linker)
	if err := p3.Bind(linker, p3.Options{}); err != nil {
		t.Fatal(err)
	}
	s, err := r.engine.NewStore(host.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_, err = linker.Instantiate(context.Background(), s, r.component(t, "https-get-p3"))
	if err == nil || !strings.Contains(err.Error(), "wasi:tls/") {
		t.Errorf("instantiate: %v", err)
	}
}

// TestKilled ends a guest in the middle of a transfer: nothing is left behind.
func TestKilled(t *testing.T) {
	r := newRig(t)
	began := make(chan struct{})
	url := web(t, r.peer.CA.Server(), func(w http.ResponseWriter, q *http.Request) {
		close(began)
		for q.Context().Err() == nil {
			if _, err := io.WriteString(w, strings.Repeat("endless ", 1000)); err != nil {
				return
			}
		}
	})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		<-began
		cancel()
	}()
	_, _, _, err := r.runContext(ctx, t, "https-get-p3", url)
	if err == nil {
		t.Error("the guest ended well")
	}
}
