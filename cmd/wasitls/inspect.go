package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi/stdio"
)

// inspection is what wasitls inspect tells, and with --json its stable form:
// fields may be added, none changes or goes.
type inspection struct {
	Imports []importInfo `json:"imports"`
	Exports []externInfo `json:"exports"`
	// Problems are imports whose types are not this host's.
	Problems []string `json:"problems,omitempty"`
}

type externInfo struct {
	Name  string   `json:"name"`
	Kind  string   `json:"kind"`
	Items []string `json:"items,omitempty"`
}

type importInfo struct {
	externInfo
	Served bool `json:"served"`
	// Missing are the items this host does not have, of an interface that it
	// otherwise has.
	Missing []string `json:"missing,omitempty"`
	// Flags of wasitls run without which the import is refused or of no use.
	Flags []string `json:"flags,omitempty"`

	differs bool // one of the problems is about it
}

// grants says which flags make an import useful, by the import's prefix.
var grants = []struct {
	prefix string
	flags  []string
}{
	{"wasi:cli/environment@", []string{"--env"}},
	{"wasi:filesystem/preopens@", []string{"--dir"}},
	{"wasi:sockets/ip-name-lookup@", []string{"--allow-net", "--inherit-network"}},
	{"wasi:sockets/types@", []string{"--allow-net", "--allow-listen", "--inherit-network"}},
	{"wasi:sockets/tcp@", []string{"--allow-net", "--allow-listen", "--inherit-network"}},
	{"wasi:sockets/udp@", []string{"--allow-net", "--allow-listen", "--inherit-network"}},
	{"wasi:tls/", []string{"--experimental-tls"}},
	{"wasi:config/", []string{"--experimental-config"}},
}

func flagsFor(name string) []string {
	for _, g := range grants {
		if strings.HasPrefix(name, g.prefix) {
			return g.flags
		}
	}
	return nil
}

func doInspect(args []string, std stdio.Streams) error {
	set := newFlagSet("inspect")
	set.SetInterspersed(true)
	asJSON := set.Bool("json", false, "")
	if err := set.Parse(args); err != nil {
		return usageOf("inspect", err)
	}
	if set.NArg() != 1 {
		return usageOf("inspect", fmt.Errorf("inspect takes one component, not %d", set.NArg()))
	}
	found, err := inspect(context.Background(), set.Arg(0))
	if err != nil {
		return err
	}
	if *asJSON {
		return found.writeJSON(std.Stdout)
	}
	return found.writeText(std.Stdout)
}

func inspect(ctx context.Context, name string) (*inspection, error) {
	wasm, err := loadComponent(name)
	if err != nil {
		return nil, err
	}
	eng, err := newEngine("", false, io.Discard)
	if err != nil {
		return nil, err
	}
	defer eng.Close()
	c, err := compile(ctx, eng, name, wasm)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	l, err := newLinker(&tlsOffer{draft: allDrafts}, true)
	if err != nil {
		return nil, err
	}
	_, err = l.Link(c)
	return describe(c, err), nil
}

// describe tells what a component imports and exports; linking is what went
// wrong when everything this host has was linked to it.
func describe(c *host.Component, linking error) *inspection {
	missing, others := sortLinkErrors(linking)
	found := &inspection{Imports: []importInfo{}, Exports: []externInfo{}, Problems: others}
	for _, x := range c.Imports() {
		items, isMissing := missing[x.Name]
		differs := anyOf(others, x.Name)
		found.Imports = append(found.Imports, importInfo{
			externInfo: externInfo(x),
			Served:     !isMissing && !differs,
			differs:    differs,
			Missing:    items,
			Flags:      flagsFor(x.Name),
		})
	}
	for _, x := range c.Exports() {
		found.Exports = append(found.Exports, externInfo(x))
	}
	return found
}

// anyOf tells whether one of the problems is about an import: they begin with
// its name.
func anyOf(problems []string, name string) bool {
	return slices.ContainsFunc(problems, func(p string) bool { return strings.HasPrefix(p, "import "+name+" ") })
}

// sortLinkErrors takes the errors of Linker.Link apart: for each missing
// import its missing items, none if it is missing as a whole, and the texts of
// all others.
func sortLinkErrors(err error) (missing map[string][]string, others []string) {
	missing = map[string][]string{}
	for _, e := range leaves(err) {
		var m *host.MissingImportError
		if !errors.As(e, &m) {
			others = append(others, plain(e))
			continue
		}
		items := missing[m.Import]
		if m.Item != "" {
			items = append(items, m.Item)
		}
		missing[m.Import] = items
	}
	return missing, others
}

// leaves returns the errors that errors.Join joined, however often.
func leaves(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		if err == nil {
			return nil
		}
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, leaves(e)...)
	}
	return all
}

func (i *inspection) writeJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(i)
}

func (i *inspection) writeText(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "imports")
	for _, x := range i.Imports {
		line := "  " + printable(x.Name) + "\t" + x.state()
		if len(x.Flags) > 0 {
			line += "\t" + strings.Join(x.Flags, " or ")
		}
		fmt.Fprintln(t, line)
	}
	fmt.Fprintln(t, "exports")
	for _, x := range i.Exports {
		fmt.Fprintln(t, "  "+printable(x.Name))
	}
	for _, p := range i.Problems {
		fmt.Fprintln(t, "problem: "+printable(p))
	}
	return t.Flush()
}

func (x importInfo) state() string {
	switch {
	case x.Served:
		return "served"
	case x.differs:
		return "differs"
	case len(x.Missing) == 0:
		return "missing"
	}
	slices.Sort(x.Missing)
	return "lacks " + printable(strings.Join(x.Missing, ", "))
}
