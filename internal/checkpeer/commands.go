package checkpeer

import (
	"crypto/tls"
	"fmt"
	"hash/crc32"
	"io"
	"strconv"
	"time"
)

// commands are the lines of the protocol, each with the number of its further words.
var commands map[string]struct {
	words int
	do    func(*session, []string) error
}

func init() {
	type entry = struct {
		words int
		do    func(*session, []string) error
	}
	commands = map[string]entry{
		"echo":    {0, (*session).echo},
		"count":   {0, (*session).count},
		"send":    {1, (*session).send},
		"pause":   {2, (*session).pause},
		"sink":    {1, (*session).sink},
		"half":    {0, (*session).half},
		"close":   {0, (*session).close},
		"fin":     {0, (*session).fin},
		"cut":     {0, (*session).cut},
		"corrupt": {0, (*session).corrupt},
		"alert":   {0, (*session).alert},
		"rst":     {0, (*session).rst},
		"hold":    {0, (*session).hold},
		"reset":   {1, (*session).reset},
		"tls":     {0, (*session).tls},
		"seen":    {3, (*session).seen},
	}
}

// badRecord is an application-data record of 64 bytes that was never encrypted.
var badRecord = append([]byte{0x17, 3, 3, 0, 64}, make([]byte, 64)...)

func (s *session) echo([]string) error {
	if _, err := io.Copy(s, s); err != nil {
		return err
	}
	return s.conn.CloseWrite()
}

func (s *session) count([]string) error {
	if _, err := io.Copy(io.Discard, s); err != nil {
		return err
	}
	return s.conn.CloseWrite()
}

func (s *session) send(words []string) error {
	n, err := number(words[0])
	if err != nil {
		return err
	}
	if _, err := io.CopyN(s, &pattern{}, n); err != nil {
		return err
	}
	return s.conn.CloseWrite()
}

func (s *session) pause(words []string) error {
	ms, err := number(words[0])
	if err != nil {
		return err
	}
	s.peer.sleep(time.Duration(ms) * time.Millisecond)
	return s.send(words[1:])
}

func (s *session) sink(words []string) error {
	n, err := number(words[0])
	if err != nil {
		return err
	}
	sum := crc32.NewIEEE()
	if _, err := io.CopyN(sum, s, n); err != nil {
		return err
	}
	fmt.Fprintf(s, "sunk %d %08x\n", n, sum.Sum32())
	return s.conn.CloseWrite()
}

func (s *session) half([]string) error {
	n, err := io.Copy(io.Discard, s)
	if err != nil {
		return err
	}
	fmt.Fprintf(s, "half %d\n", n)
	return s.conn.CloseWrite()
}

func (s *session) bye() error {
	_, err := io.WriteString(s, "bye\n")
	return err
}

func (s *session) close([]string) error {
	if err := s.bye(); err != nil {
		return err
	}
	return s.conn.CloseWrite()
}

func (s *session) fin([]string) error {
	if err := s.bye(); err != nil {
		return err
	}
	return s.tap.CloseWrite()
}

func (s *session) cut([]string) error {
	if err := s.bye(); err != nil {
		return err
	}
	if _, err := s.tap.Write(badRecord[:len(badRecord)/2]); err != nil {
		return err
	}
	return s.tap.CloseWrite()
}

func (s *session) corrupt([]string) error {
	if err := s.bye(); err != nil {
		return err
	}
	_, err := s.tap.Write(badRecord)
	return err
}

// alert makes crypto/tls send one: it is given a record that it cannot decrypt.
func (s *session) alert([]string) error {
	if err := s.bye(); err != nil {
		return err
	}
	s.tap.inject = badRecord
	_, err := s.Read(make([]byte, 1))
	return err
}

func (s *session) rst([]string) error {
	if err := s.bye(); err != nil {
		return err
	}
	s.peer.sleep(resetDelay)
	s.tap.reset()
	return errSilent
}

func (s *session) hold([]string) error {
	s.peer.sleep(holdLife)
	return errSilent
}

func (s *session) reset(words []string) error {
	ms, err := number(words[0])
	if err != nil {
		return err
	}
	s.peer.sleep(time.Duration(ms) * time.Millisecond)
	s.tap.reset()
	return errSilent
}

func (s *session) tls([]string) error {
	inner := &session{peer: s.peer, tap: s.tap, conn: tls.Server(s.conn, s.peer.config), config: s.config}
	if err := inner.conn.Handshake(); err != nil {
		return err
	}
	return inner.run()
}

func (s *session) seen(words []string) error {
	port, err := number(words[0])
	if err != nil {
		return err
	}
	ms, err := number(words[1])
	if err != nil {
		return err
	}
	within := time.Duration(ms) * time.Millisecond
	line := s.peer.records.await(int(port), within, words[2], s.peer.done)
	fmt.Fprintln(s, line)
	return s.conn.CloseWrite()
}

func number(word string) (int64, error) {
	n, err := strconv.ParseInt(word, 10, 64)
	if err == nil && (n < 0 || n > maxNumber) {
		err = strconv.ErrRange
	}
	return n, err
}

// pattern is an endless reader of 0, 1, … 250, 0, 1, …
type pattern struct{ at int }

func (p *pattern) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(p.at)
		if p.at++; p.at == patternLength {
			p.at = 0
		}
	}
	return len(b), nil
}
