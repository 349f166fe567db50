package wasitls_test

import (
	"context"
	"crypto/tls"
	"io"
	"testing"

	"github.com/wasitls/wasitls/wasitls/internal/tlstest"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// The benchmarks come in pairs, native crypto/tls against the halves of a
// Conn, with the same peer on loopback TCP. Run them interleaved:
//
//	go test -run '^$' -bench . -count 6 ./wasitls

func benchServer(b *testing.B, handle func(*tls.Conn, wasitlstest.Conn)) *wasitlstest.Server {
	b.Helper()
	s, err := wasitlstest.Peer{Config: good(), Handle: handle}.Listen()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(s.Close)
	return s
}

type stream interface {
	io.ReadWriter
	Flush() error
	writeAndFlush(p []byte) error
}

type native struct{ *tls.Conn }

func (native) Flush() error { return nil }

func (n native) writeAndFlush(p []byte) error {
	_, err := n.Write(p)
	return err
}

type halves struct{ *wasitlstest.Blocking }

func (h halves) writeAndFlush(p []byte) error {
	return h.Conn.Output().WriteAndFlush(context.Background(), p)
}

// pair runs f on a native connection and on ours.
func pair(b *testing.B, handle func(*tls.Conn, wasitlstest.Conn), f func(b *testing.B, s stream)) {
	run := func(name string, open func(b *testing.B, s *wasitlstest.Server) stream) {
		b.Run(name, func(b *testing.B) {
			s := open(b, benchServer(b, handle))
			b.ReportAllocs()
			b.ResetTimer()
			f(b, s)
			b.StopTimer()
		})
	}
	run("native", openNative)
	run("conn", openConn)
}

func openNative(b *testing.B, s *wasitlstest.Server) stream {
	below, err := s.Dial()
	if err != nil {
		b.Fatal(err)
	}
	c := tls.Client(below, &tls.Config{RootCAs: ca().Pool(), ServerName: wasitlstest.Name})
	if err := c.Handshake(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.NetConn().Close() })
	return native{c}
}

func openConn(b *testing.B, s *wasitlstest.Server) stream {
	below, err := s.Dial()
	if err != nil {
		b.Fatal(err)
	}
	return halves{connect(b, config(), below)}
}

func sink(t *tls.Conn, _ wasitlstest.Conn) { io.Copy(io.Discard, t) }

func BenchmarkReceive64K(b *testing.B) {
	pair(b, tlstest.Source, func(b *testing.B, s stream) {
		p := make([]byte, 64<<10)
		b.SetBytes(int64(len(p)))
		for range b.N {
			if _, err := io.ReadFull(s, p); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkSend4KBlocking(b *testing.B) {
	pair(b, sink, func(b *testing.B, s stream) {
		p := make([]byte, 4<<10)
		b.SetBytes(int64(len(p)))
		for range b.N {
			if err := s.writeAndFlush(p); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func benchSend(b *testing.B, size int, flush bool) {
	pair(b, sink, func(b *testing.B, s stream) {
		p := make([]byte, size)
		b.SetBytes(int64(size))
		for range b.N {
			if _, err := s.Write(p); err != nil {
				b.Fatal(err)
			}
			if flush {
				if err := s.Flush(); err != nil {
					b.Fatal(err)
				}
			}
		}
		if err := s.Flush(); err != nil {
			b.Fatal(err)
		}
	})
}

func BenchmarkSend64K(b *testing.B)       { benchSend(b, 64<<10, false) }
func BenchmarkSend4K(b *testing.B)        { benchSend(b, 4<<10, false) }
func BenchmarkSend4KFlushed(b *testing.B) { benchSend(b, 4<<10, true) }

func BenchmarkRoundTrip(b *testing.B) {
	pair(b, wasitlstest.Echo, func(b *testing.B, s stream) {
		p := make([]byte, 512)
		for range b.N {
			if _, err := s.Write(p); err != nil {
				b.Fatal(err)
			}
			if _, err := io.ReadFull(s, p); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkHandshake(b *testing.B) {
	b.Run("native", func(b *testing.B) {
		s := benchServer(b, nil)
		roots := ca().Pool()
		for range b.N {
			below, err := s.Dial()
			if err != nil {
				b.Fatal(err)
			}
			c := tls.Client(below, &tls.Config{RootCAs: roots, ServerName: wasitlstest.Name})
			if err := c.Handshake(); err != nil {
				b.Fatal(err)
			}
			below.Close()
		}
	})
	b.Run("conn", func(b *testing.B) {
		s := benchServer(b, nil)
		client := guest(b, config())
		ctx := b.Context()
		for range b.N {
			below, err := s.Dial()
			if err != nil {
				b.Fatal(err)
			}
			c, err := client.Start(below, wasitlstest.Name).Wait(ctx)
			if err != nil {
				b.Fatal(err)
			}
			c.Close()
			<-c.Done()
		}
	})
}
