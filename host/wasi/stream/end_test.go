package stream

import (
	"errors"
	"testing"
)

// plain is an output that is no Ender.
type plain struct {
	Always
	dropped int
}

func (*plain) Permit() (int, error) { return 1, nil }
func (*plain) Write([]byte) error   { return nil }
func (*plain) Flush() error         { return nil }
func (p *plain) Drop()              { p.dropped++ }

func TestEndWithoutEnder(t *testing.T) {
	p, ended := new(plain), 0
	End(p, func(err error) {
		if err != nil || p.dropped != 1 {
			t.Errorf("ended with %v, dropped %d times", err, p.dropped)
		}
		ended++
	})
	if ended != 1 {
		t.Errorf("ended %d times", ended)
	}
}

// A Writer ends when the last of what it accepted is written, or not.
func TestWriterEnd(t *testing.T) {
	broken := errors.New("broken")
	for _, want := range []error{nil, broken} {
		g := newGate()
		w := NewWriter(g, nil)
		if err := w.Write([]byte("abc")); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 2)
		End(w, func(err error) { ended <- err })
		<-g.entered
		select {
		case err := <-ended:
			t.Fatalf("ended early, with %v", err)
		default:
		}
		g.open <- want
		if err := <-ended; err != want {
			t.Errorf("ended with %v, want %v", err, want)
		}
		if _, err := w.Permit(); err == nil {
			t.Error("takes more after its end")
		}
	}
	w := NewWriter(newGate(), nil)
	ended := make(chan error, 1)
	End(w, func(err error) { ended <- err })
	if err := <-ended; err != nil {
		t.Errorf("nothing to write: %v", err)
	}
}
