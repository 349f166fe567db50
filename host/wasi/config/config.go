// Package config binds wasi:config/store, a draft: values by key, which whoever
// runs a component sets for it. The draft is of WASI 0.2; it has no resources
// and no streams, so that components of 0.3 use it as it is.
//
// It is unstable, and so is this package.
package config

import (
	"slices"
	"strings"

	"github.com/wasitls/wasitls/host"
)

// Interface is the WIT interface that is served.
const Interface = "wasi:config/store@0.2.0-rc.1"

// Options say what is served to guests.
type Options struct {
	// Config serves the draft. It is off by default: what it offers may change
	// or vanish.
	Config bool
}

// Entry is a key with its value.
type Entry struct {
	_          host.Tuple
	Key, Value string
}

// values are what a store's guest gets, in the order of their keys.
type values struct{ entries []Entry }

// failure is the variant error. It is never made: the values are here.
type failure struct {
	host.Case
	Upstream, IO string
}

// Bind adds the draft to the linker, if Options.Config asks for it. A store
// without Attach has no values.
func Bind(l *host.Linker, o Options) {
	if !o.Config {
		return
	}
	i := l.Interface(Interface)
	i.Func("get", host.Func(get))
	i.Func("get-all", host.Func(getAll))
}

// Attach gives a store its guest's values. A later one of a key replaces an
// earlier one. A store gets them once: a later Attach changes nothing.
func Attach(s *host.Store, entries []Entry) {
	if host.State[values](s) != nil {
		return
	}
	byKey := map[string]Entry{}
	for _, e := range entries {
		byKey[e.Key] = e
	}
	v := new(values)
	for _, e := range byKey {
		v.entries = append(v.entries, e)
	}
	slices.SortFunc(v.entries, func(a, b Entry) int { return strings.Compare(a.Key, b.Key) })
	host.Attach(s, v)
}

type getArgs struct{ Key string }

func get(c *host.Call, a *getArgs) (host.Result[host.Option[string], failure], error) {
	entries := of(c)
	i, found := slices.BinarySearchFunc(entries, a.Key, func(e Entry, key string) int { return strings.Compare(e.Key, key) })
	if !found {
		return host.Result[host.Option[string], failure]{}, nil
	}
	return host.Result[host.Option[string], failure]{Ok: host.Some(entries[i].Value)}, nil
}

// getAll returns the entries in the order of their keys.
func getAll(c *host.Call, _ *host.None) (host.Result[[]Entry, failure], error) {
	return host.Result[[]Entry, failure]{Ok: of(c)}, nil
}

// of returns the values of the calling guest.
func of(c *host.Call) []Entry {
	if v := host.State[values](c.Store()); v != nil {
		return v.entries
	}
	return nil
}
