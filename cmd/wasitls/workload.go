package main

import (
	"slices"

	"github.com/wasitls/wasitls/host/wasi"
	wasiconfig "github.com/wasitls/wasitls/host/wasi/config"
	"github.com/wasitls/wasitls/wasitls/config"
)

// variables returns the guest's environment: what the file says, then what the
// flags do. A flag replaces what the file says for the same name.
func (g *guest) variables() []wasi.Variable {
	if g.workload == nil {
		return g.env
	}
	var all []wasi.Variable
	for _, v := range g.workload.Variables() {
		if !slices.ContainsFunc(g.env, func(flag wasi.Variable) bool { return flag.Name == v.Name }) {
			all = append(all, wasi.Variable{Name: v.Name, Value: reveal(v)})
		}
	}
	return append(all, g.env...)
}

// entries returns what the guest finds in wasi:config/store.
func (g *guest) entries() []wasiconfig.Entry {
	if g.workload == nil {
		return nil
	}
	var all []wasiconfig.Entry
	for _, c := range g.workload.Config {
		all = append(all, wasiconfig.Entry{Key: c.Name, Value: reveal(c)})
	}
	return all
}

// reveal returns a value on its way to the guest that it was mapped for.
func reveal(s config.Setting) string { return string(s.Value.Reveal()) }
