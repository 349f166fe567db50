package compare

import (
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

var silence = log.New(io.Discard, "", 0)

// peers are the servers of one run, by the names that the cases know.
type peers struct {
	addresses map[string]string
	ends      []func()
}

func (p *peers) close() {
	for _, end := range p.ends {
		end()
	}
}

// startPeers starts everything that this process serves itself.
func startPeers(a *authority) (*peers, error) {
	p := &peers{addresses: map[string]string{}}
	start := []func(*authority) error{p.startWeb, p.startProxies, p.startOddities, p.startLines, p.startDead}
	for _, f := range start {
		if err := f(a); err != nil {
			p.close()
			return nil, err
		}
	}
	return p, nil
}

// listen returns a listener on loopback under a name; with a configuration, one
// of TLS.
func (p *peers) listen(name, address string, config *tls.Config) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	p.addresses[name] = l.Addr().String()
	p.ends = append(p.ends, func() { l.Close() })
	if config != nil {
		l = tls.NewListener(l, config)
	}
	return l, nil
}

const loopback = "127.0.0.1:0"

func (p *peers) startWeb(a *authority) error {
	w := newWeb()
	serve := func(name, address string, config *tls.Config, idle time.Duration) error {
		l, err := p.listen(name, address, config)
		if err == nil {
			s := w.serve(l, idle)
			p.ends = append(p.ends, func() { s.Close() })
		}
		return err
	}
	named := a.named()
	named["good"] = a.good()
	named["tls12"] = a.good(version(tls.VersionTLS12))
	named["tls13"] = a.good(version(tls.VersionTLS13))
	named["tls11"] = a.good(version(tls.VersionTLS11))
	named["h2"] = a.good(func(c *tls.Config) { c.NextProtos = []string{"h2", "http/1.1"} })
	named["wants-client"] = a.good(func(c *tls.Config) { c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, a.root.Pool() })
	for name, config := range named {
		if err := serve(name, loopback, config, 0); err != nil {
			return err
		}
	}
	if err := serve("plain", loopback, nil, 0); err != nil {
		return err
	}
	if err := serve("impatient", loopback, a.good(), 300*time.Millisecond); err != nil {
		return err
	}
	return serve("good6", "[::1]:0", a.good(), 0)
}

func (p *peers) startProxies(a *authority) error {
	for name, config := range map[string]*tls.Config{"proxy": nil, "proxy-password": nil, "proxy-tls": a.good()} {
		l, err := p.listen(name, loopback, config)
		if err != nil {
			return err
		}
		var h proxy
		if name == "proxy-password" {
			h.password = "Basic dXNlcjpwYXNz" // user:pass
		}
		s := &http.Server{Handler: h, ErrorLog: silence}
		go s.Serve(l)
		p.ends = append(p.ends, func() { s.Close() })
	}
	return nil
}

// startOddities starts peers without HTTP, most of which misbehave.
func (p *peers) startOddities(a *authority) error {
	for name, peer := range map[string]wasitlstest.Peer{
		"echo":         {Config: a.good(), Handle: wasitlstest.Echo},
		"says-bye":     {Config: a.good(), Handle: wasitlstest.Say("bye")},
		"truncates":    {Config: a.good(), Handle: wasitlstest.Truncate("half")},
		"corrupts":     {Config: a.good(), Handle: wasitlstest.CorruptRecord("good")},
		"resets":       {Config: a.good(), Handle: wasitlstest.Abort("good")},
		"silent":       {Handle: wasitlstest.Silent},
		"babbles":      {Handle: wasitlstest.Plain("220 welcome, this is no TLS\r\n")},
		"closes-early": {Handle: func(_ *tls.Conn, below wasitlstest.Conn) { below.Read(make([]byte, 4096)) }},
	} {
		s, err := peer.Listen()
		if err != nil {
			return err
		}
		p.addresses[name] = s.Addr()
		p.ends = append(p.ends, s.Close)
	}
	return nil
}

// startDead makes two addresses on which nobody answers: one that refuses, and
// one whose queue of connections is full, so that connecting takes for ever.
func (p *peers) startDead(*authority) error {
	refuses, err := unaccepting(false)
	if err != nil {
		return err
	}
	full, err := unaccepting(true)
	if err != nil {
		return err
	}
	p.addresses["dead"], p.addresses["full"] = refuses.address, full.address
	p.ends = append(p.ends, refuses.end, full.end)
	return nil
}

type socket struct {
	address string
	end     func()
}

// unaccepting binds a port; if it listens, its queue is filled.
func unaccepting(listens bool) (socket, error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return socket{}, err
	}
	s := socket{end: func() { syscall.Close(fd) }}
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return s, err
	}
	bound, err := syscall.Getsockname(fd)
	if err != nil {
		return s, err
	}
	s.address = (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: bound.(*syscall.SockaddrInet4).Port}).String()
	if !listens {
		return s, nil
	}
	if err := syscall.Listen(fd, 0); err != nil {
		return s, err
	}
	// The queue holds one more than it was told to.
	for {
		c, err := net.DialTimeout("tcp", s.address, 200*time.Millisecond)
		if err != nil {
			return s, nil
		}
		end := s.end
		s.end = func() { c.Close(); end() }
	}
}
