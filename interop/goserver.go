package interop

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"runtime"
	"strings"
	"time"
)

func goVersion() string { return strings.TrimPrefix(runtime.Version(), "go") }

// goServer serves s.Docs with net/http over crypto/tls until ctx ends.
func goServer(ctx context.Context, l net.Listener, s Setup) error {
	cert, err := tls.LoadX509KeyPair(s.Leaf.chain, s.Leaf.key)
	if err != nil {
		return err
	}
	cfg := &tls.Config{
		Certificates: []tls.Certificate{cert},
		MinVersion:   s.Case.Version,
		MaxVersion:   s.Case.Version,
	}
	if s.Case.Group != 0 {
		cfg.CurvePreferences = []tls.CurveID{s.Case.Group}
	}
	return serveFiles(ctx, tls.NewListener(l, cfg), s.Docs)
}

// serveFiles serves a folder over HTTP/1.1 until ctx ends. Without TLS on the
// listener it is the plain server behind the proxies.
func serveFiles(ctx context.Context, l net.Listener, docs string) error {
	srv := &http.Server{
		Handler:           http.FileServer(http.Dir(docs)),
		ReadHeaderTimeout: fetchLimit,
		WriteTimeout:      fetchLimit,
		IdleTimeout:       time.Second,
		ErrorLog:          log.New(io.Discard, "", 0), // refused handshakes are what the cases ask for
	}
	stop := context.AfterFunc(ctx, func() { srv.Close() })
	defer stop()
	err := srv.Serve(l)
	if ctx.Err() != nil {
		return nil
	}
	return err
}
