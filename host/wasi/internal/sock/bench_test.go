package sock

import (
	"context"
	"io"
	"net"
	"net/netip"
	"testing"

	"github.com/wasitls/wasitls/host/wasi/stream"
)

// pair returns the two streams of a guest's connection and its peer.
func pair(b *testing.B) (stream.Input, stream.Output, net.Conn) {
	b.Helper()
	n := New(all, nil)
	b.Cleanup(func() { n.Close() })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	s, err := n.TCP(IPv4)
	if err != nil {
		b.Fatal(err)
	}
	if err := s.StartConnect(Addr{AddrPort: netip.MustParseAddrPort(l.Addr().String())}); err != nil {
		b.Fatal(err)
	}
	if err := stream.Wait(context.Background(), s); err != nil {
		b.Fatal(err)
	}
	in, out, err := s.FinishConnect()
	if err != nil {
		b.Fatal(err)
	}
	peer, err := l.Accept()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { peer.Close() })
	return in, out, peer
}

func BenchmarkReady(b *testing.B) {
	in, _, _ := pair(b)
	b.ReportAllocs()
	for b.Loop() {
		if in.Ready() {
			b.Fatal("ready")
		}
	}
}

func BenchmarkReadNothing(b *testing.B) {
	in, _, _ := pair(b)
	p := make([]byte, 4096)
	b.ReportAllocs()
	for b.Loop() {
		if n, err := in.Read(p); n != 0 || err != nil {
			b.Fatal(n, err)
		}
	}
}

func benchmarkWrite(b *testing.B, size int) {
	_, out, peer := pair(b)
	go io.Copy(io.Discard, struct{ io.Reader }{peer})
	p := make([]byte, size)
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		for {
			n, err := out.Permit()
			if err != nil {
				b.Fatal(err)
			}
			if n > 0 {
				break
			}
			if err := stream.Wait(context.Background(), out); err != nil {
				b.Fatal(err)
			}
		}
		if err := out.Write(p); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWrite4K(b *testing.B)  { benchmarkWrite(b, 4096) }
func BenchmarkWrite64K(b *testing.B) { benchmarkWrite(b, stream.ChunkBytes) }

func BenchmarkRead64K(b *testing.B) {
	in, _, peer := pair(b)
	go func() {
		p := make([]byte, 256<<10)
		for {
			if _, err := peer.Write(p); err != nil {
				return
			}
		}
	}()
	p := make([]byte, stream.ChunkBytes)
	total := int64(0)
	b.ReportAllocs()
	for b.Loop() {
		if err := stream.Wait(context.Background(), in); err != nil {
			b.Fatal(err)
		}
		n, err := in.Read(p)
		if err != nil {
			b.Fatal(err)
		}
		total += int64(n)
	}
	b.SetBytes(total / int64(b.N))
}

// One byte there and back: what waiting for a socket costs.
func BenchmarkPingPong(b *testing.B) {
	in, out, peer := pair(b)
	go func() {
		p := make([]byte, 1)
		for {
			if _, err := peer.Read(p); err != nil {
				return
			}
			if _, err := peer.Write(p); err != nil {
				return
			}
		}
	}()
	p := make([]byte, 1)
	b.ReportAllocs()
	for b.Loop() {
		if err := out.Write(p); err != nil {
			b.Fatal(err)
		}
		if err := stream.Wait(context.Background(), in); err != nil {
			b.Fatal(err)
		}
		if n, err := in.Read(p); n != 1 || err != nil {
			b.Fatal(n, err)
		}
	}
}

// The same between two connections of Go itself.
func BenchmarkPingPongNative(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	peer, err := l.Accept()
	if err != nil {
		b.Fatal(err)
	}
	defer peer.Close()
	go io.Copy(peer, struct{ io.Reader }{peer})
	p := make([]byte, 1)
	for b.Loop() {
		if _, err := c.Write(p); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(c, p); err != nil {
			b.Fatal(err)
		}
	}
}
