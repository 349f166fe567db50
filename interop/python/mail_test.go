package python

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// TestMail: smtplib begins TLS in the middle of a connection.
func TestMail(t *testing.T) {
	ca := wasitlstest.NewCA()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	mail := make(chan string, 1)
	go func() { mail <- takeMail(l, ca.Server()) }()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	got := good(t, run(t, ca, "/apps/mail.py", "localhost", port, "from@test.invalid", "to@test.invalid", "hello"))
	if got != "sent\n" {
		t.Errorf("printed %s", got)
	}
	if got, want := <-mail, "Subject: hello\r\n\r\nhello\r\n"; got != want {
		t.Errorf("mail %q, not %q", got, want)
	}
}

// takeMail takes a mail that comes by SMTP, over TLS after STARTTLS.
func takeMail(l net.Listener, c *tls.Config) string {
	conn, err := l.Accept()
	if err != nil {
		return err.Error()
	}
	defer func() { conn.Close() }()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	lines := bufio.NewReader(conn)
	io.WriteString(conn, "220 mail\r\n")
	var text strings.Builder
	for secret, inText := false, false; ; {
		line, err := lines.ReadString('\n')
		if err != nil {
			return err.Error()
		}
		verb := strings.ToUpper(strings.Fields(line + " x")[0])
		reply := "250 fine\r\n"
		switch {
		case inText && line == ".\r\n":
			inText = false
		case inText:
			text.WriteString(line)
			continue
		case verb == "EHLO" && !secret:
			reply = "250-mail\r\n250 STARTTLS\r\n"
		case verb == "STARTTLS":
			io.WriteString(conn, "220 go\r\n")
			conn = tls.Server(conn, c)
			lines, secret = bufio.NewReader(conn), true
			continue
		case verb == "MAIL" && !secret:
			return "a mail without TLS"
		case verb == "DATA":
			inText, reply = true, "354 go\r\n"
		case verb == "QUIT":
			io.WriteString(conn, "221 bye\r\n")
			return text.String()
		}
		io.WriteString(conn, reply)
	}
}
