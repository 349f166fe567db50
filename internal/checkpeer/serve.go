package checkpeer

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
)

// serveTLS makes the handshake, does what the first line says, and reads to the end.
func (p *Peer) serveTLS(t *tap, config *tls.Config) {
	config = config.Clone()
	config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		t.seen.update(func(r *record) {
			r.hello = true
			if hello.ServerName != "" {
				r.sni = strings.ReplaceAll(hello.ServerName, " ", "_")
			}
		})
		return nil, nil
	}
	s := &session{peer: p, tap: t, conn: tls.Server(t, config), config: config}
	err := s.conn.Handshake()
	t.seen.update(func(r *record) {
		r.done = err == nil
		r.alert = alertOf(err)
	})
	if err == nil {
		// What goes wrong with a connection shows to the guest, not here.
		err = s.run()
	}
	if !errors.Is(err, errSilent) {
		s.finish()
	}
}

// alertOf names the alert by which the other side ended a handshake.
func alertOf(err error) string {
	var remote *net.OpError
	if !errors.As(err, &remote) || remote.Op != "remote error" {
		return "-"
	}
	return strings.ReplaceAll(strings.TrimPrefix(remote.Err.Error(), "tls: "), " ", "_")
}

// errSilent ends a session that is not to be read to its end.
var errSilent = errors.New("checkpeer: not read on")

// A session is one TLS connection, perhaps inside another.
type session struct {
	peer   *Peer
	tap    *tap
	conn   *tls.Conn
	config *tls.Config
}

func (s *session) run() error {
	line, err := readLine(s.conn)
	if err != nil {
		return err
	}
	words := strings.Split(line, " ")
	command, ok := commands[words[0]]
	if !ok || len(words) != 1+command.words {
		return errors.New("checkpeer: no such command: " + line)
	}
	return command.do(s, words[1:])
}

// Read reads plaintext and counts it.
func (s *session) Read(b []byte) (int, error) {
	n, err := s.conn.Read(b)
	s.tap.seen.update(func(r *record) {
		r.data += int64(n)
		// crypto/tls says EOF for close_notify and for the end of TCP alike; for the latter
		// the tap has seen it.
		r.notify = r.notify || err == io.EOF && !r.ended
	})
	return n, err
}

func (s *session) Write(b []byte) (int, error) { return s.conn.Write(b) }

// finish reads plaintext to its end, then TCP to its.
func (s *session) finish() {
	io.Copy(io.Discard, s)
	if !s.tap.seen.ending() {
		drain(s.tap)
	}
}

// readLine reads byte by byte, for what follows is not its business.
func readLine(r io.Reader) (string, error) {
	var line []byte
	for b := make([]byte, 1); len(line) < maxLine; line = append(line, b[0]) {
		if _, err := io.ReadFull(r, b); err != nil {
			return "", err
		}
		if b[0] == '\n' {
			return string(line), nil
		}
	}
	return "", errors.New("checkpeer: line too long")
}
