package sock

import (
	"net"
	"net/netip"
	"runtime"
	"testing"

	"github.com/wasitls/wasitls/host/wasi/stream"
)

// TestMemory prints what connections cost: go test -run TestMemory -v. It
// checks generous bounds, since the collector decides what it counts.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("short: makes a thousand sockets")
	}
	n := newNet(t, all)
	l, addr := listen(t)
	const count = 400
	var ins []stream.Input
	before := memory()
	for range count {
		s, err := n.TCP(IPv4)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.StartConnect(Addr{AddrPort: netip.MustParseAddrPort(addr.String())}); err != nil {
			t.Fatal(err)
		}
		if err := stream.Wait(ctx(t), s); err != nil {
			t.Fatal(err)
		}
		in, _, err := s.FinishConnect()
		if err != nil {
			t.Fatal(err)
		}
		ins = append(ins, in)
		peer, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		// Keep only the peer's descriptor.
		f, err := peer.(*net.TCPConn).File()
		if err != nil {
			t.Fatal(err)
		}
		peer.Close()
		t.Cleanup(func() { f.Close() })
	}
	idle := (memory() - before) / count
	for _, in := range ins {
		defer in.Notify(func() {})()
	}
	runtime.Gosched()
	waiting := (memory() - before) / count
	t.Logf("a connection takes %d bytes, with someone waiting for it %d", idle, waiting)
	if idle > 8<<10 || waiting > 16<<10 {
		t.Error("connections are larger than they were")
	}
}

// memory is what heap and stacks hold.
func memory() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc + m.StackInuse)
}
