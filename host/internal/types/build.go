package types

// primitives are the types without parameters; one value of each serves all.
var primitives = func() (ts [ErrorContext + 1]Type) {
	for k := Bool; k <= ErrorContext; k++ {
		ts[k].Kind = k
		ts[k].finish()
	}
	return ts
}()

// Primitive returns the type of a kind that has no parameters: Bool to
// ErrorContext. It returns nil for other kinds.
func Primitive(k Kind) *Type {
	if k < Bool || k > ErrorContext {
		return nil
	}
	return &primitives[k]
}

// NewRecord returns the record type of fields, whose offsets it sets. The
// slice belongs to the type from then on, as in all constructors.
func NewRecord(fields []Field) *Type { return build(Type{Kind: Record, Fields: fields}) }

// NewTuple returns the tuple type of elems.
func NewTuple(elems ...*Type) *Type {
	fields := make([]Field, len(elems))
	for i, e := range elems {
		fields[i].Type = e
	}
	return build(Type{Kind: Tuple, Fields: fields})
}

// NewVariant returns the variant type of cases.
func NewVariant(cases []Case) *Type { return build(Type{Kind: Variant, Cases: cases}) }

// NewEnum returns the enum type of labels.
func NewEnum(labels []string) *Type { return build(Type{Kind: Enum, Labels: labels}) }

// NewFlags returns the flags type of labels, of which there are at most 32.
func NewFlags(labels []string) *Type { return build(Type{Kind: Flags, Labels: labels}) }

// NewList returns list<elem>.
func NewList(elem *Type) *Type { return build(Type{Kind: List, Elem: elem}) }

// NewFixedList returns list<elem, n>, a list of exactly n elements in place.
func NewFixedList(elem *Type, n uint32) *Type {
	return build(Type{Kind: List, Elem: elem, Fixed: true, Len: n})
}

// NewOption returns option<elem>.
func NewOption(elem *Type) *Type { return build(Type{Kind: Option, Elem: elem}) }

// NewResult returns result<ok, err>; either may be nil.
func NewResult(ok, err *Type) *Type { return build(Type{Kind: Result, Ok: ok, Err: err}) }

// NewMap returns map<key, value>, which has the form of list<tuple<key, value>>.
func NewMap(key, value *Type) *Type {
	return build(Type{Kind: Map, Key: key, Elem: value, Entry: NewTuple(key, value)})
}

// NewOwn returns own<r>.
func NewOwn(r *Resource) *Type { return build(Type{Kind: Own, Resource: r}) }

// NewBorrow returns borrow<r>.
func NewBorrow(r *Resource) *Type { return build(Type{Kind: Borrow, Resource: r}) }

// NewStream returns stream<elem>; elem may be nil.
func NewStream(elem *Type) *Type { return build(Type{Kind: Stream, Elem: elem}) }

// NewFuture returns future<elem>; elem may be nil.
func NewFuture(elem *Type) *Type { return build(Type{Kind: Future, Elem: elem}) }

func build(t Type) *Type {
	p := &t
	p.finish()
	return p
}

// finish computes everything that follows from the type's form.
func (t *Type) finish() {
	t.Depth, t.Weight = 1, 1
	t.children(func(c *Type) {
		t.Depth = max(t.Depth, c.Depth+1)
		t.Weight = min(t.Weight+c.Weight, maxWeight)
		t.HasHandles = t.HasHandles || c.HasHandles
		t.HasBorrow = t.HasBorrow || c.HasBorrow
		t.HasPointers = t.HasPointers || c.HasPointers
		t.hasResource = t.hasResource || c.hasResource
	})
	switch t.Kind {
	case Own, Borrow:
		t.HasHandles, t.HasBorrow, t.hasResource = true, t.Kind == Borrow, true
	case Stream, Future:
		t.HasHandles, t.HasPointers = true, false
	case String, Map:
		t.HasPointers = true
	case List:
		t.HasPointers = t.HasPointers || !t.Fixed
	}
	t.nodes()
	t.layout()
	t.flatten()
}

func (t *Type) nodes() {
	sum, most := uint64(0), uint64(0)
	if t.Kind != List || t.Fixed {
		t.children(func(c *Type) { sum, most = sum+c.Nodes, max(most, c.Nodes) })
	}
	switch {
	case t.Kind == Map:
		sum = 0
	case t.Fixed:
		sum = min(sum, maxSize>>8) * min(uint64(t.Len), MaxValueSize)
	case t.Kind == Variant || t.Kind == Option || t.Kind == Result:
		sum = most
	}
	t.Nodes = min(1+sum, maxSize)
}

// children calls f for each type that t directly contains.
func (t *Type) children(f func(*Type)) {
	for i := range t.Fields {
		f(t.Fields[i].Type)
	}
	for i := range t.Cases {
		if c := t.Cases[i].Type; c != nil {
			f(c)
		}
	}
	for _, c := range [...]*Type{t.Key, t.Elem, t.Ok, t.Err} {
		if c != nil {
			f(c)
		}
	}
}
