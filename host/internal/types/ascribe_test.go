package types

import (
	"slices"
	"testing"
)

// TestAscription hides, by an explicit type, that two exports are one resource
// (Explainer.md, "Type Checking").
func TestAscription(t *testing.T) {
	sections := [][]byte{
		vector(secTypes, 1, 0x3f, 0x7f, 0),            // type 0: resource
		vector(secInstances, 1, 1, 1, 0, "r", 3, 0),   // instance 0: exports r
		vector(secTypes, 1, 0x42, 1, 4, 0, "r", 3, 1), // type 1: instance, r sub resource
		vector(secExports, 1, 0, "a", 3, 0, 0),        // a, type 2: the resource
		vector(secExports, 1, 0, "b", 3, 0, 0),        // b, type 3: equal to a
		vector(secExports, 1, 0, "c", 3, 0, 1, 3, 1),  // c, type 4: another resource, as others see it
		vector(secExports, 1, 0, "i", 5, 0, 1, 5, 1),  // i: an instance with a resource of its own
		vector(secExports, 1, 0, "j", 5, 0, 0),        // j: as inferred
		vector(secAliases, 1, 3, 0, 1, "r"),           // type 5: i's resource
	}
	c := mustValidate(t, component(sections...))
	instantiateSymbols(t, "ascription", c)
	fresh := map[string]bool{}
	for _, e := range c.Exports {
		if e.Type.Sort == SortInstance {
			fresh[e.Name] = e.Type.Instance.Exports[0].Type.Fresh
		} else {
			fresh[e.Name] = e.Type.Fresh
		}
	}
	for name, want := range map[string]bool{"a": true, "b": false, "c": true, "i": true, "j": false} {
		if fresh[name] != want {
			t.Errorf("export %s: fresh %v, want %v", name, fresh[name], want)
		}
	}
	paths := 0
	for _, st := range c.Steps {
		if e, ok := st.(*StepExport); ok && len(e.Binds) == 1 {
			paths++
			if (e.Name == "i") != slices.Equal(e.Binds[0].Path, []string{"r"}) {
				t.Errorf("export %s binds at %v", e.Name, e.Binds[0].Path)
			}
		}
	}
	if paths != 2 {
		t.Errorf("%d exports bind a variable, want c and i", paths)
	}
	// d claims that i's resource is c's.
	d := vector(secExports, 1, 0, "d", 3, 5, 1, 3, 0, 4)
	refused(t, component(append(sections, d)...), "resource types are not the same")
}
