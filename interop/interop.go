// Package interop runs HTTPS clients against TLS servers that nobody here wrote.
//
// A [Matrix] is peers × cases × clients. For every pair of a [Server] and a
// [Case] it starts the server on loopback with certificates made for the run,
// looks at it with a probe that checks that the server really is what the case
// asks for (version, leaf, group, chain), and then lets every [Client] fetch one
// page. A client is a guest run by the command wasitls, or Go's own net/http as
// the control: when the control passes, a guest's failure is the guest's or the
// host's.
//
// [Mail] is the same with SMTP, and a [Meeting] with servers that ask for a client
// certificate or whose own is revoked.
//
// What must happen is data: a case says whether the fetch succeeds or which
// reason the refusal must carry, and expectations.json holds the exceptions, each
// with its reason. An exception that no longer applies fails the run. A server
// that is not installed is reported as missing, never as passed.
//
// The servers are found in PATH and run as separate process groups; the package
// needs a Unix system.
package interop

import (
	"context"
	"crypto/tls"
	"errors"
)

// Case is one column: how the server is set up and what must come of it.
type Case struct {
	Name    string      // the column's heading
	About   string      // one sentence for the page
	Version uint16      // the only TLS version the server offers
	Leaf    string      // which certificate it shows, a name in the PKI
	Group   tls.CurveID // the only group it offers, one that takes a HelloRetryRequest; 0 leaves its default
	Host    string      // the host in the URL
	Size    int         // bytes in the body
	Refused []string    // a refusal must hold one of these texts; nil means the fetch must succeed
}

// Result is what a client got for a URL.
type Result struct {
	Status int
	Body   []byte
}

// Client fetches a page over HTTPS.
type Client interface {
	// Name is the client's heading, unique in a matrix.
	Name() string
	// Get fetches url, trusting only the certificates in caFile. An error that
	// is [ErrBroken] says that the client itself failed, which no case allows;
	// any other error is the client's refusal and carries its reason.
	Get(ctx context.Context, url, caFile string) (Result, error)
}

// ErrBroken marks an error that is the client's own: it crashed, it trapped, it
// could not be started, or its output was not what was agreed.
var ErrBroken = errors.New("client broke")
