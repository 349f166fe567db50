package sock

import (
	"math"
	"time"

	"golang.org/x/sys/unix"
)

// The options of TCP and UDP sockets. Values that the system cannot hold are
// brought into its range; zero is an InvalidArgument.

// Linux keeps keep-alive times in seconds, below this bound, and counts in 7 bits.
const (
	maxKeepAlive      = math.MaxInt16 * time.Second
	maxKeepAliveCount = math.MaxInt8
)

func (f *fd) option(level, name int) (v int, err error) {
	err = f.control(func(s int) (err error) {
		v, err = unix.GetsockoptInt(s, level, name)
		return err
	})
	return v, code(err)
}

func (f *fd) setOption(level, name, v int) error {
	return code(f.control(func(s int) error { return unix.SetsockoptInt(s, level, name, v) }))
}

func (f *fd) seconds(name int) (time.Duration, error) {
	v, err := f.option(unix.IPPROTO_TCP, name)
	return time.Duration(v) * time.Second, err
}

// setSeconds never rounds down to zero; negative stands for what is too long
// for a Duration.
func (f *fd) setSeconds(name int, d time.Duration) error {
	if d == 0 {
		return InvalidArgument
	}
	if d < 0 || d > maxKeepAlive {
		d = maxKeepAlive
	}
	return f.setOption(unix.IPPROTO_TCP, name, int((d+time.Second-1)/time.Second))
}

func (f *fd) hopLimit(fam Family) (uint8, error) {
	level, name := hopOption(fam)
	v, err := f.option(level, name)
	return uint8(v), err
}

func (f *fd) setHopLimit(fam Family, v uint8) error {
	if v == 0 {
		return InvalidArgument
	}
	level, name := hopOption(fam)
	return f.setOption(level, name, int(v))
}

func hopOption(f Family) (level, name int) {
	if f == IPv4 {
		return unix.IPPROTO_IP, unix.IP_TTL
	}
	return unix.IPPROTO_IPV6, unix.IPV6_UNICAST_HOPS
}

// bufferSize returns what was set: Linux doubles it for its own bookkeeping.
func (f *fd) bufferSize(name int) (uint64, error) {
	v, err := f.option(unix.SOL_SOCKET, name)
	return uint64(v / 2), err
}

func (f *fd) setBufferSize(name int, v uint64) error {
	if v == 0 {
		return InvalidArgument
	}
	return f.setOption(unix.SOL_SOCKET, name, int(min(v, math.MaxInt32/2)))
}

func (f *fd) localAddr() (Addr, error) {
	var a Addr
	err := f.control(func(s int) error {
		sa, err := unix.Getsockname(s)
		a = fromSockaddr(sa)
		return err
	})
	return a, code(err)
}

// peerAddr is known also after the connection has ended, when the system has
// forgotten it: wasi-libc aborts the guest where getpeername fails.
func (f *fd) peerAddr() (Addr, error) {
	if f.peer.IsValid() {
		return f.peer, nil
	}
	var a Addr
	err := f.control(func(s int) error {
		sa, err := unix.Getpeername(s)
		a = fromSockaddr(sa)
		return err
	})
	return a, code(err)
}
