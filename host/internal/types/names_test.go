package types

import "testing"

func TestExternNames(t *testing.T) {
	valid := []string{
		"a", "a-b-c", "a1-2-3", "A", "A-B-C", "A1-2-3", "a11-w0rds", "m1x3d-4CR0NYMS", "is-XML",
		"[constructor]a", "[method]a.b", "[static]a-b.C",
		"wasi:io/streams", "wasi:io/streams@0.2.6", "ns:pkg/iface@1.2.3-rc.1+build.5", "a-b:c-d/E-f@0.0.1",
		"wasi:http/types@0.2", "wasi:http/types@1", "a:b/c@0.0.0", "a:b/c@0.0.7",
	}
	for _, s := range valid {
		if _, err := parseExternName(s); err != nil {
			t.Errorf("%q: %v", s, err)
		}
	}
	invalid := []string{
		"", "1", "1-2", "a-", "-a", "a--b", "aB", "a_b", "ä", "a.b", "a b",
		"[method]a", "[method]a.b.c", "[method].b", "[static]a.", "[constructor]a.b", "[getter]a.b",
		"a:b", "a:/b", ":b/c", "a:b/", "A:b/c", "a:B/c", "a:b:c/d", "a:b/c/d", "a:b/c@", "a:b/c@1.2", "a:b/c@01.2.3",
		"a:b/c@1.2.3-", "a:b/c@1.2.3-01", "a:b/c@1.2.3+", "a:b/c@1.2.3.4", "a:b/c@0", "a:b/c@0.0", "a:b/c@x",
	}
	for _, s := range invalid {
		if _, err := parseExternName(s); err == nil {
			t.Errorf("%q is accepted", s)
		}
	}
}

// TestUnique has the examples of the specification.
func TestUnique(t *testing.T) {
	scope := map[string]bool{}
	for _, s := range []string{"foo", "foo-bar", "[constructor]foo", "[method]foo.bar", "[static]foo.baz", "foo:bar/baz"} {
		if scope[unique(s)] {
			t.Errorf("%q conflicts", s)
		}
		scope[unique(s)] = true
	}
	for _, s := range []string{
		"foo", "FOO", "foo-BAR", "[constructor]FOO", "[method]foo.BAR", "[static]foo.bar", "[method]foo.baz",
		"[method]foo.foo", "foo:bar/BAZ",
	} {
		if !scope[unique(s)] {
			t.Errorf("%q does not conflict", s)
		}
	}
}

func TestString(t *testing.T) {
	r := &Resource{Name: "stream"}
	code := NewEnum([]string{"a", "b"})
	named := *code
	named.Name = "code"
	u8, u32 := Primitive(U8), Primitive(U32)
	tests := []struct {
		got, want string
	}{
		{NewRecord([]Field{{Name: "x", Type: u32}, {Name: "y", Type: NewList(u8)}}).String(), "record { x: u32, y: list<u8> }"},
		{NewVariant([]Case{{Name: "a"}, {Name: "b", Type: u8}}).String(), "variant { a, b(u8) }"},
		{NewResult(nil, code).String(), "result<_, enum { a, b }>"},
		{NewResult(nil, &named).String(), "result<_, code>"},
		{named.Definition(), "enum { a, b }"},
		{NewResult(u8, nil).String(), "result<u8>"},
		{NewResult(nil, nil).String(), "result"},
		{NewStream(nil).String(), "stream"},
		{NewFuture(u8).String(), "future<u8>"},
		{NewFixedList(u8, 4).String(), "list<u8, 4>"},
		{NewMap(Primitive(String), u8).String(), "map<string, u8>"},
		{
			(&Func{Params: []Field{{Name: "self", Type: NewBorrow(r)}}, Result: NewOption(NewOwn(r)), Async: true}).String(),
			"async func(self: borrow<stream>) -> option<own<stream>>",
		},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("got %s, want %s", tt.got, tt.want)
		}
	}
	big := u8
	for range 20 {
		big = NewTuple(big, big)
	}
	if n := len(big.String()); n > maxText+100 {
		t.Errorf("a text of %d bytes", n)
	}
}

func TestEqual(t *testing.T) {
	r, q := &Resource{Name: "r"}, &Resource{Name: "r"}
	rec := func(r *Resource) *Type { return NewRecord([]Field{{Name: "x", Type: NewList(NewOwn(r))}}) }
	if !Equal(rec(r), rec(r)) || Equal(rec(r), rec(q)) {
		t.Error("handles must be compared by the identity of their resource")
	}
	if Equal(NewOwn(r), NewBorrow(r)) || Equal(NewList(rec(r)), NewFixedList(rec(r), 1)) || Equal(rec(r), nil) || !Equal(nil, nil) {
		t.Error("types of different forms are equal")
	}
	deep := func() *Type {
		t := Primitive(U8)
		for range 40 {
			t = NewTuple(t, t)
		}
		return t
	}
	if Equal(deep(), deep()) {
		t.Error("a comparison that is too long must end, and say no")
	}
}
