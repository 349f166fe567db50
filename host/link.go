package host

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/wasitls/wasitls/host/internal/abi"
	"github.com/wasitls/wasitls/host/internal/rt"
	"github.com/wasitls/wasitls/host/internal/types"
)

// Program is a component with its imports resolved, ready to be instantiated
// any number of times. It is immutable and safe for concurrent use.
type Program struct {
	component *Component
	imports   map[string]any
}

// MissingImportError says that nothing is linked for an import.
type MissingImportError struct {
	// Import is the name of the imported interface or function, and Item what
	// it lacks, empty if it is missing as a whole.
	Import, Item string
	// Hint tells what would provide it, empty if nothing is known.
	Hint string
}

// Error implements error.
func (e *MissingImportError) Error() string {
	if e.Item == "" {
		return fmt.Sprintf("host: component imports %s, which this host does not provide", printable(e.Import))
	}
	return fmt.Sprintf("host: component imports %q of %s, which this host does not provide", printable(e.Item), printable(e.Import))
}

// printable is a name of a component file for messages: what is very long or
// no text is cut.
func printable(name string) string {
	for i, r := range name {
		if i >= maxNameShown || !unicode.IsPrint(r) {
			return name[:i] + "…"
		}
	}
	return name
}

// message is printable for the text of an error.
func message(text string) string {
	if len(text) > maxMessage {
		text = strings.ToValidUTF8(text[:maxMessage], "") + "…"
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}

// problems collects what is wrong with a component, up to maxProblems.
type problems struct {
	errs []error
	more int
}

func (p *problems) add(err error) {
	switch {
	case err == nil:
	case len(p.errs) < maxProblems:
		p.errs = append(p.errs, err)
	default:
		p.more++
	}
}

func (p *problems) err() error {
	if p.more > 0 {
		return errors.Join(append(p.errs, fmt.Errorf("host: %d more imports cannot be linked", p.more))...)
	}
	return errors.Join(p.errs...)
}

// Link resolves the component's imports: by name and compatible version, with
// types that fit. The error joins what is wrong, each missing import as a
// *MissingImportError, and counts the rest if that is very much.
func (l *Linker) Link(c *Component) (*Program, error) {
	k := &linking{
		linker:    l,
		resources: map[*types.Resource]AnyResource{},
		slots:     make([]*rt.ResourceType, len(c.rt.Plan.Resources)),
	}
	p := &Program{component: c, imports: map[string]any{}}
	for _, st := range c.rt.Plan.Steps {
		im, ok := st.(*types.StepImport)
		if !ok {
			continue
		}
		item, err := k.extern(im.Extern)
		k.problems.add(err)
		p.imports[im.Extern.Name] = item
	}
	if err := k.problems.err(); err != nil {
		return nil, err
	}
	return p, nil
}

// Instantiate links the component and instantiates it in the store.
func (l *Linker) Instantiate(ctx context.Context, s *Store, c *Component) (*Instance, error) {
	p, err := l.Link(c)
	if err != nil {
		return nil, err
	}
	return p.Instantiate(ctx, s)
}

// Instantiate instantiates the program in the store. Guest code may run: core
// start functions.
func (p *Program) Instantiate(ctx context.Context, s *Store) (*Instance, error) {
	if s.engine != p.component.engine {
		return nil, errForeign
	}
	var in *rt.Instance
	err := s.enter(ctx, func(ctx context.Context, _ *visit) (err error) {
		in, err = s.rt.Instantiate(ctx, &p.component.rt, p.imports)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("host: instantiate: %w", err)
	}
	return &Instance{store: s, plan: p.component.rt.Plan, rt: in}, nil
}

// linking resolves the imports of one component; resources says which of the
// host's resources each of its resource variables is, and slots the same by
// the variable's slot.
type linking struct {
	linker    *Linker
	resources map[*types.Resource]AnyResource
	slots     []*rt.ResourceType
	problems  problems
}

func (k *linking) extern(x types.Extern) (any, error) {
	switch x.Type.Sort {
	case types.SortInstance:
		return k.instance(x.Name, x.Type.Instance)
	case types.SortFunc:
		f, ok := k.linker.root.funcs[x.Name]
		if !ok {
			return nil, k.missing(x.Name, "")
		}
		return k.function(x.Name, "", f, x.Type.Func)
	case types.SortType:
		if x.Type.Resource == nil {
			return nil, nil
		}
		return k.resource(k.linker.root, x.Name, "", x.Type)
	}
	return nil, k.missing(x.Name, "")
}

func (k *linking) missing(name, item string) error {
	e := &MissingImportError{Import: name, Item: item}
	for _, h := range k.linker.hints {
		if strings.HasPrefix(name, h.prefix) {
			e.Hint = h.text
		}
	}
	return e
}

func (k *linking) instance(name string, t *types.InstanceType) (any, error) {
	i := k.linker.find(name)
	if i == nil && onlyTypes(t) {
		i = newInterface("", "")
	}
	if i == nil {
		return nil, k.missing(name, "")
	}
	e := &rt.Exports{Items: make(map[string]any, len(t.Exports))}
	for _, x := range t.Exports {
		item, err := k.member(i, name, x)
		k.problems.add(err)
		e.Items[x.Name] = item
	}
	return e, nil
}

// onlyTypes tells whether nothing of an interface needs an implementation, as
// when it was made to hold the records that others share.
func onlyTypes(t *types.InstanceType) bool {
	for _, x := range t.Exports {
		if x.Type.Sort != types.SortType || x.Type.Resource != nil && x.Type.Fresh {
			return false
		}
	}
	return true
}

func (k *linking) member(i *Interface, iface string, x types.Extern) (any, error) {
	switch x.Type.Sort {
	case types.SortFunc:
		f, ok := i.funcs[x.Name]
		if !ok {
			return nil, k.missing(iface, x.Name)
		}
		return k.function(iface, x.Name, f, x.Type.Func)
	case types.SortType:
		if x.Type.Resource == nil {
			return nil, nil
		}
		return k.resource(i, iface, x.Name, x.Type)
	}
	return nil, k.missing(iface, x.Name)
}

// resource finds the host's resource for a type: the one it is equal to, or
// for a fresh one what the interface offers under the name.
func (k *linking) resource(i *Interface, iface, item string, t types.ExternType) (any, error) {
	if !t.Fresh {
		if r, ok := k.resources[t.Resource]; ok {
			return r.runtimeType(), nil
		}
	}
	name := item
	if name == "" {
		name = iface
	}
	r, ok := i.resources[name]
	if !ok {
		return nil, k.missing(iface, item)
	}
	k.resources[t.Resource] = r
	k.slots[t.Resource.Slot] = r.runtimeType()
	return r.runtimeType(), nil
}

func (k *linking) function(iface, item string, f Fn, t *types.Func) (any, error) {
	compile := abi.CompileFunc
	if f.isAsync() {
		if !t.Async {
			return nil, fmt.Errorf("host: import %s %s is not async, but this host's function is", printable(iface), printable(item))
		}
		compile = abi.CompileAsyncFunc
	}
	plan, err := compile(t, f.args, f.result, k.goResource)
	if err != nil {
		return nil, fmt.Errorf("host: import %s %s has another type than this host's: %w", printable(iface), printable(item), err)
	}
	return &rt.Func{Host: newBoundFunc(iface, item, f, plan), Resources: k.slots}, nil
}

func (k *linking) goResource(r *types.Resource) abi.GoResource {
	if g, ok := k.resources[r]; ok {
		return g
	}
	return nil
}

// find returns the interface that serves an import: of those on the same
// version track, the newest.
func (l *Linker) find(name string) *Interface {
	base, want := splitVersion(name)
	var best *Interface
	for _, i := range l.ifaces[base] {
		if serves(i.version, want) && (best == nil || newer(i.version, best.version)) {
			best = i
		}
	}
	return best
}
