package host

import (
	"fmt"
	"reflect"
)

// Attach gives the store a value of host state, one for each type T: what the
// host functions of one package keep for one guest. If it is an io.Closer it
// is closed with the store, last attached first, after the guest's resources
// were dropped. If it is a Closing it gets to know before that. Attach panics if the store has a T already.
func Attach[T any](s *Store, v *T) {
	t := reflect.TypeFor[T]()
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, dup := s.state[t]; dup {
		panic(fmt.Sprintf("host: state of type %v attached twice", t))
	}
	s.state[t] = v
	s.attached = append(s.attached, v)
}

// Closing is host state that wants to know when its guest has run for the last
// time, while the guest's resources are still there.
type Closing interface {
	// Closing is called once, by Store.Close. It must not block.
	Closing()
}

// State returns the value of type T attached to the store, nil if there is
// none.
func State[T any](s *Store) *T {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, _ := s.state[reflect.TypeFor[T]()].(*T)
	return v
}
