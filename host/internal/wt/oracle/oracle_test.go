package oracle

import (
	"bytes"
	"compress/gzip"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/wasitls/wasitls/host/internal/binary"
	"github.com/wasitls/wasitls/host/internal/types"
	"github.com/wasitls/wasitls/host/internal/wt/wat"
)

// beyond matches what the library says of components that are valid, but use
// what it does not have or has not enabled.
var beyond = regexp.MustCompile(`requires? the component model|feature` +
	`|proposal (not|must be) enabled` +
	`|which is not implemented|is not supported|unsupported type export` + // in exports of a root component
	`|invalid leading byte \(0x[23]\) for (import|export) name` + // name attributes
	`|invalid leading byte \(0x43\)` + // async function types
	`|is not a valid semver` + // canonical versions such as 0.2
	`|^oracle: failed to compile`) // skeletons have no code: adapters that the library makes itself

// quirks matches what this project says of components that the library takes
// and should not.
var quirks = regexp.MustCompile(`invalid leading byte \(0x20\) for (component outer alias|external) kind`) // exact functions

func validate(b []byte) error {
	c, err := binary.Decode(b)
	if err == nil {
		_, err = types.Validate(c)
	}
	return err
}

// agree tells whether both are of one mind about a component, and fails the
// test if that has no known reason.
func agree(t *testing.T, name string, b []byte) (valid bool) {
	t.Helper()
	ours, theirs := validate(b), Validate(b)
	switch {
	case ours == nil && theirs != nil && !beyond.MatchString(theirs.Error()):
		t.Errorf("%s: the library alone rejects it: %v\n%x", name, theirs, b)
	case ours != nil && theirs == nil && !quirks.MatchString(ours.Error()):
		t.Errorf("%s: the library alone accepts it: %v\n%x", name, ours, b)
	}
	return ours == nil
}

// guests returns skeletons of the prebuilt guests.
func guests(t testing.TB) map[string][]byte {
	t.Helper()
	files, _ := filepath.Glob("../../../../testdata/guests/*.wasm.gz")
	if len(files) == 0 {
		t.Skip("no prebuilt guests in testdata/guests")
	}
	m := map[string][]byte{}
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		if m[filepath.Base(file)], err = Skeleton(b); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// specComponents returns skeletons of the official component-model tests.
func specComponents(t testing.TB) map[string][]byte {
	t.Helper()
	m := map[string][]byte{}
	files, _ := filepath.Glob(filepath.Join(os.Getenv("WASITLS_SPEC"), "*", "*.wasm"))
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if s, err := Skeleton(b); err == nil {
			b = s
		}
		m[filepath.Base(filepath.Dir(file))+"/"+filepath.Base(file)] = b
	}
	return m
}

func TestSpec(t *testing.T) {
	all := specComponents(t)
	if len(all) == 0 {
		t.Skip("WASITLS_SPEC names no folder with the component-model tests")
	}
	valid := 0
	for name, b := range all {
		if agree(t, name, b) {
			valid++
		}
	}
	t.Logf("%d components, %d of them valid", len(all), valid)
}

// rounds is how many components TestMutations makes and compares.
const rounds = 1500

func TestMutations(t *testing.T) {
	var seeds [][]byte
	for name, b := range guests(t) {
		if !agree(t, name, b) {
			t.Fatalf("%s is not valid", name)
		}
		seeds = append(seeds, b)
	}
	for name, b := range specComponents(t) {
		if agree(t, name, b) && Validate(b) == nil {
			seeds = append(seeds, b)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	valid := 0
	for range rounds {
		if agree(t, "mutation", mutate(r, seeds[r.IntN(len(seeds))])) {
			valid++
		}
	}
	t.Logf("%d seeds, %d mutations, %d of them valid", len(seeds), rounds, valid)
	if valid == 0 || valid == rounds {
		t.Error("the mutations test nothing")
	}
}

// mutate changes some bytes in sections of a component or of a nested one,
// outside of core modules and custom sections; or takes out a whole section.
func mutate(r *rand.Rand, component []byte) []byte {
	b := bytes.Clone(component)
	sections := definitions(b, 0)
	if len(sections) == 0 {
		return b
	}
	pick := func() Section { return sections[r.IntN(len(sections))] }
	if r.IntN(20) == 0 {
		s := pick()
		return append(b[:s.Start], b[s.End:]...)
	}
	for range 1 + r.IntN(2) {
		s := pick()
		at := func() *byte { return &b[s.Start+r.IntN(s.End-s.Start)] }
		switch p := at(); r.IntN(4) {
		case 0:
			*p = byte(r.Uint32())
		case 1:
			*p++
		case 2:
			*p--
		case 3:
			*p = *at()
		}
	}
	return b
}

// definitions lists the sections of a component, which starts at base, and of
// those nested in it, that say what it consists of.
func definitions(b []byte, base int) []Section {
	var out []Section
	sections, _ := Sections(b[base:])
	for _, s := range sections {
		s.Start += base
		s.End += base
		switch {
		case s.ID == componentComponent:
			out = append(out, definitions(b[:s.End], s.Start)...)
		case s.ID != 0 && s.ID != componentModule && s.End > s.Start:
			out = append(out, s)
		}
	}
	return out
}

// TestCanDisagree: the comparison must be able to fail.
func TestCanDisagree(t *testing.T) {
	b, err := wat.Module(`(component (import "a" (func)))`)
	if err != nil {
		t.Fatal(err)
	}
	if err := Validate(b); err != nil {
		t.Error(err)
	}
	if b[len(b)-1]++; Validate(b) == nil {
		t.Error("a component with a broken section is valid to the library")
	}
	if err := Validate(nil); err == nil || !strings.HasPrefix(err.Error(), "oracle: ") {
		t.Errorf("no bytes: %v", err)
	}
}
