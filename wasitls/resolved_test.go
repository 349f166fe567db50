package wasitls_test

import (
	"errors"
	"net"
	"net/netip"
	"testing"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// from is a connection that says to come from an address.
type from struct {
	net.Conn
	addr net.Addr
}

func (f from) RemoteAddr() net.Addr { return f.addr }

// TestResolved: what counts is the address as a number, however it is written.
func TestResolved(t *testing.T) {
	tcp := func(s string) net.Addr { return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(s)) }
	const known, unknown = "to an address that was looked up", "the address of the connection is not known"
	c := ruled(func(r *wasitls.Rule) { r.RequireResolved = true })
	client, err := wasitls.NewClient(c)
	noError(t, err)
	told := map[string]string{"a.test": "192.0.2.1", "six.test": "2001:db8::1", "local.test": "fe80::1"}
	g := client.NewGuest(wasitls.GuestConfig{Resolved: func(name string, addr netip.Addr) bool {
		return told[name] == addr.WithZone("").String()
	}})
	for _, row := range []struct {
		name    string
		addr    net.Addr
		refused string
	}{
		{"a.test", tcp("192.0.2.1:443"), ""},
		{"A.test.", tcp("192.0.2.1:1"), ""},
		{"a.test", tcp("[::ffff:192.0.2.1]:443"), ""},
		{"a.test", &net.TCPAddr{IP: net.ParseIP("192.0.2.1"), Port: 443}, ""}, // 16 bytes
		{"a.test", tcp("192.0.2.2:443"), known},
		{"b.test", tcp("192.0.2.1:443"), known},
		{"six.test", tcp("[2001:db8::1]:443"), ""},
		{"six.test", tcp("[2001:db8::2]:443"), known},
		{"local.test", tcp("[fe80::1%lo]:443"), ""},
		{"192.0.2.1", tcp("192.0.2.1:443"), ""},
		{"::ffff:192.0.2.1", tcp("192.0.2.1:443"), ""},
		{"192.0.2.1", tcp("[::ffff:192.0.2.1]:443"), ""},
		{"192.0.2.2", tcp("192.0.2.1:443"), known},
		{"2001:DB8:0::1", tcp("[2001:db8::1]:443"), ""},
		{"fe80::1", tcp("[fe80::1%lo]:443"), ""},
		{"a.test", &net.TCPAddr{}, unknown},
		{"a.test", &net.UnixAddr{Name: "192.0.2.1"}, unknown},
		{"a.test", nil, unknown},
		{"192.0.2.1", nil, unknown},
	} {
		wire := wasitlstest.Watch(stuck(t))
		h := g.Start(from{wire, row.addr}, row.name)
		var refused *wasitls.PolicyError
		if row.refused == "" {
			begun(t, wire)
			h.Cancel()
			<-h.Done()
			continue
		}
		_, err := h.Wait(timeout(t))
		if !errors.As(err, &refused) {
			t.Errorf("%s at %v: %v", row.name, row.addr, err)
			continue
		}
		says(t, err, row.refused)
		want(t, "bytes sent", wire.Sent.Load(), 0)
	}
	unused(t, client, g)

	// Without a function nothing was looked up.
	wire := from{stuck(t), tcp("192.0.2.1:443")}
	_, err = client.NewGuest(wasitls.GuestConfig{}).Start(wire, "a.test").Wait(timeout(t))
	says(t, err, known)
}

// sourceAt and sinkAt are streams of a connection to an address.
type (
	sourceAt struct {
		wasitls.Source
		addr net.Addr
	}
	sinkAt struct {
		wasitls.Sink
		addr net.Addr
	}
)

func (s sourceAt) RemoteAddr() net.Addr { return s.addr }
func (s sinkAt) RemoteAddr() net.Addr   { return s.addr }

// TestAddressOfStreams: that of the source, unless the sink has another.
func TestAddressOfStreams(t *testing.T) {
	one := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 443}
	same := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1).To4(), Port: 443}
	port := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 444}
	reader, writer := wasitls.NewPipe(100)
	type source struct{ wasitls.Source }
	type sink struct{ wasitls.Sink }
	for _, row := range []struct {
		what string
		in   wasitls.Source
		out  wasitls.Sink
		want string
	}{
		{"neither", source{reader}, sink{writer}, "<nil>"},
		{"source", sourceAt{reader, one}, sink{writer}, "192.0.2.1:443"},
		{"sink", source{reader}, sinkAt{writer, one}, "<nil>"},
		{"both", sourceAt{reader, one}, sinkAt{writer, same}, "192.0.2.1:443"},
		{"different ports", sourceAt{reader, one}, sinkAt{writer, port}, "<nil>"},
		{"a sink that does not know", sourceAt{reader, one}, sinkAt{writer, nil}, "<nil>"},
	} {
		got := "<nil>"
		if a := wasitls.Streams(row.in, row.out).(wasitls.Addressed).RemoteAddr(); a != nil {
			got = a.String()
		}
		want(t, row.what, got, row.want)
	}
}
