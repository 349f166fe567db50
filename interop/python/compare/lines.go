package compare

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
)

// line is a connection of a protocol of lines, which may begin TLS on the way.
type line struct {
	net.Conn
	in     *bufio.Reader
	config *tls.Config
}

// say sends a line.
func (l *line) say(format string, args ...any) { fmt.Fprintf(l.Conn, format+"\r\n", args...) }

// hear returns a line's words, the first in capitals; at the end none.
func (l *line) hear() (words []string, ok bool) {
	s, err := l.in.ReadString('\n')
	words = append(strings.Fields(s), "", "")
	words[0] = strings.ToUpper(words[0])
	return words, err == nil
}

// secure begins TLS.
func (l *line) secure() {
	l.Conn = tls.Server(l.Conn, l.config)
	l.in = bufio.NewReader(l.Conn)
}

func (l *line) tls() bool { _, is := l.Conn.(*tls.Conn); return is }

// startLines starts small servers of mail and files. Those whose names end in -bad
// have a certificate that nobody trusts.
func (p *peers) startLines(a *authority) error {
	bad := a.named()["unknown-ca"]
	for name, of := range map[string]struct {
		talk   func(*line)
		config *tls.Config
		first  bool // TLS from the beginning
	}{
		"smtp": {smtp, a.good(), false}, "smtp-bad": {smtp, bad, false}, "smtps": {smtp, a.good(), true},
		"imap": {imap, a.good(), false}, "imap-bad": {imap, bad, false}, "imaps": {imap, a.good(), true},
		"pop": {pop, a.good(), false}, "pops": {pop, a.good(), true},
		"ftp": {ftp, a.good(), false}, "ftp-bad": {ftp, bad, false},
	} {
		l, err := p.listen(name, loopback, nil)
		if err != nil {
			return err
		}
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				go func() {
					conn := &line{Conn: c, in: bufio.NewReader(c), config: of.config}
					if of.first {
						conn.secure()
					}
					of.talk(conn)
					conn.Close()
				}()
			}
		}()
	}
	return nil
}

func smtp(l *line) {
	l.say("220 mail.test")
	for {
		words, ok := l.hear()
		switch {
		case !ok:
			return
		case words[0] == "EHLO" && !l.tls():
			l.say("250-mail.test\r\n250 STARTTLS")
		case words[0] == "STARTTLS":
			l.say("220 go ahead")
			l.secure()
		case words[0] == "DATA":
			l.say("354 speak")
			n := 0
			for {
				s, err := l.in.ReadString('\n')
				if err != nil {
					return
				}
				if s == ".\r\n" {
					break
				}
				n += len(s)
			}
			l.say("250 %d bytes, TLS %v", n, l.tls())
		case words[0] == "QUIT":
			l.say("221 bye")
			return
		default:
			l.say("250 ok")
		}
	}
}

func imap(l *line) {
	l.say("* OK welcome")
	for {
		s, err := l.in.ReadString('\n')
		words := append(strings.Fields(s), "", "", "")
		tag := words[0]
		if err != nil {
			return
		}
		switch strings.ToUpper(words[1]) {
		case "CAPABILITY":
			more := " STARTTLS"
			if l.tls() {
				more = ""
			}
			l.say("* CAPABILITY IMAP4REV1%s\r\n%s OK done", more, tag)
		case "STARTTLS":
			l.say("%s OK begin", tag)
			l.secure()
		case "SELECT":
			l.say("* 3 EXISTS\r\n%s OK done", tag)
		case "LOGOUT":
			l.say("* BYE so long\r\n%s OK done", tag)
			return
		default:
			l.say("%s OK done", tag)
		}
	}
}

func pop(l *line) {
	l.say("+OK welcome")
	for {
		words, ok := l.hear()
		switch {
		case !ok:
			return
		case words[0] == "CAPA":
			l.say("+OK\r\nSTLS\r\nUSER\r\n.")
		case words[0] == "STLS":
			l.say("+OK begin")
			l.secure()
		case words[0] == "STAT":
			l.say("+OK 2 300")
		case words[0] == "QUIT":
			l.say("+OK bye")
			return
		default:
			l.say("+OK")
		}
	}
}

// ftp serves one file and takes files, over connections of their own that are
// ended with close_notify.
func ftp(l *line) {
	l.say("220 files.test")
	var data net.Listener
	private := false
	transfer := func(do func(net.Conn) int64) {
		l.say("150 here")
		c, err := data.Accept()
		data.Close()
		if err != nil {
			return
		}
		if private {
			c = tls.Server(c, l.config)
		}
		n := do(c)
		c.Close()
		l.say("226 %d bytes", n)
	}
	for {
		words, ok := l.hear()
		switch {
		case !ok:
			return
		case words[0] == "AUTH":
			l.say("234 begin")
			l.secure()
		case words[0] == "USER":
			l.say("331 password")
		case words[0] == "PASS":
			l.say("230 in")
		case words[0] == "PROT":
			private = words[1] == "P"
			l.say("200 ok")
		case words[0] == "PASV":
			var err error
			if data, err = net.Listen("tcp", loopback); err != nil {
				return
			}
			port := data.Addr().(*net.TCPAddr).Port
			l.say("227 (127,0,0,1,%d,%d)", port>>8, port&255)
		case words[0] == "RETR":
			transfer(func(c net.Conn) int64 {
				n, _ := io.WriteString(c, strings.Repeat("filedata", 5000))
				return int64(n)
			})
		case words[0] == "STOR":
			transfer(func(c net.Conn) int64 {
				n, _ := io.Copy(io.Discard, c)
				return n
			})
		case words[0] == "QUIT":
			l.say("221 bye")
			return
		default:
			l.say("200 ok")
		}
	}
}
