package host

// Linker holds the host's side of imports: interfaces by name, with their
// functions and resources. The zero value is not usable; see NewLinker. A
// Linker is filled first and is safe for concurrent use from then on.
type Linker struct {
	ifaces map[string][]*Interface // by name without version
	root   *Interface              // functions and resources imported by bare name
	hints  []hint
}

// Interface is an interface the host implements, such as
// "wasi:io/streams@0.2.6". It serves imports of every compatible version: for
// 0.2.6 any 0.2.x, for a pre-release exactly itself.
type Interface struct {
	name, version string
	funcs         map[string]Fn
	resources     map[string]AnyResource
}

type hint struct{ prefix, text string }

// NewLinker returns a Linker without interfaces.
func NewLinker() *Linker {
	return &Linker{ifaces: map[string][]*Interface{}, root: newInterface("", "")}
}

func newInterface(name, version string) *Interface {
	return &Interface{name: name, version: version, funcs: map[string]Fn{}, resources: map[string]AnyResource{}}
}

// Func adds a function that components import by itself, outside of any
// interface.
func (l *Linker) Func(name string, f Fn) { l.root.Func(name, f) }

// Interface returns the interface of that name, "namespace:package/name@version",
// making it if it is new.
func (l *Linker) Interface(name string) *Interface {
	base, version := splitVersion(name)
	for _, i := range l.ifaces[base] {
		if i.version == version {
			return i
		}
	}
	i := newInterface(base, version)
	l.ifaces[base] = append(l.ifaces[base], i)
	return i
}

// Func adds a function under its WIT name, such as
// "[method]output-stream.write". A later one replaces an earlier one.
func (i *Interface) Func(name string, f Fn) { i.funcs[name] = f }

// Resource adds a resource type, a *Resource[T], under its WIT name.
func (i *Interface) Resource(name string, r AnyResource) { i.resources[name] = r }

// Hint sets what to tell a user when an import whose name starts with prefix
// is missing, such as which flag would grant it.
func (l *Linker) Hint(prefix, text string) { l.hints = append(l.hints, hint{prefix, text}) }
