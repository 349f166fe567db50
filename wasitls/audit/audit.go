// Package audit writes down what became of connections: each event of package
// wasitls as a line of JSON, or as a record of log/slog.
//
//	log := audit.New(file)
//	client, err := wasitls.NewClient(wasitls.Config{Audit: log.Event})
//
// Nothing that a guest sends or receives is in an event, and no key. Texts that
// a peer had a part in, such as the reason of a failure, are bounded and
// printable.
package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"github.com/wasitls/wasitls/wasitls"
)

// Log writes events as lines of JSON. It is safe for concurrent use.
//
// A guest waits until its event is written, and so do other guests that have
// an event to write meanwhile: no event is lost, and none is kept in memory. A
// writer that blocks for long blocks them as long.
type Log struct {
	mu   sync.Mutex
	w    io.Writer
	torn bool // the last line was written in part
	lost int
	err  error // the first
}

// New returns a log on w, which remains the caller's to close. Each line is one
// Write.
func New(w io.Writer) *Log { return &Log{w: w} }

// Event writes an event: it is for wasitls.Config.Audit.
func (l *Log) Event(e wasitls.Event) {
	line, err := encode(NewRecord(e))
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		err = l.write(line)
	}
	if err != nil {
		l.lost++
	}
	if l.err == nil {
		l.err = err
	}
}

// write writes a line, after the end of one that was written in part.
func (l *Log) write(line []byte) error {
	if l.torn {
		line = append([]byte("\n"), line...)
	}
	n, err := l.w.Write(line)
	if err == nil && n < len(line) {
		err = io.ErrShortWrite
	}
	if n > 0 {
		l.torn = n < len(line)
	}
	return err
}

// Err tells how many events could not be written, and why the first could not;
// nil if all were. It wraps the writer's error.
func (l *Log) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		return nil
	}
	return fmt.Errorf("audit: the audit log is incomplete, events lost: %d: %w", l.lost, l.err)
}

func encode(r Record) ([]byte, error) {
	var line bytes.Buffer
	to := json.NewEncoder(&line)
	to.SetEscapeHTML(false) // it is not for web pages
	err := to.Encode(r)
	return line.Bytes(), err
}

// Join returns a function that tells an event to each of those that are not
// nil, one after the other; nil if all are.
func Join(all ...func(wasitls.Event)) func(wasitls.Event) {
	var tell []func(wasitls.Event)
	for _, f := range all {
		if f != nil {
			tell = append(tell, f)
		}
	}
	if len(tell) == 0 {
		return nil
	}
	return func(e wasitls.Event) {
		for _, f := range tell {
			f(e)
		}
	}
}
