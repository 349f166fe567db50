package oracle

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
)

// Section ids of components and of core modules.
const (
	componentModule    = 1
	componentComponent = 4
	moduleCode         = 10
)

// Section is a section of a component or core module: its id, and where its
// contents are in the bytes.
type Section struct {
	ID         byte
	Start, End int
}

var errSections = errors.New("oracle: cut off sections")

// Sections splits a component or a core module.
func Sections(b []byte) ([]Section, error) {
	if len(b) < 8 {
		return nil, errSections
	}
	var out []Section
	for at := 8; at < len(b); {
		n, size := binary.Uvarint(b[at+1:])
		start := at + 1 + size
		if size <= 0 || n > uint64(len(b)-start) {
			return nil, errSections
		}
		out = append(out, Section{b[at], start, start + int(n)})
		at = start + int(n)
	}
	return out, nil
}

// Skeleton returns a component with the same types, imports, exports and
// definitions, whose core functions have no code: it is valid where the
// original is and compiles in no time.
func Skeleton(component []byte) ([]byte, error) {
	return rewrite(component, map[byte]func([]byte) ([]byte, error){
		componentModule:    hollow,
		componentComponent: Skeleton,
	})
}

// hollow takes the code out of a core module.
func hollow(module []byte) ([]byte, error) {
	return rewrite(module, map[byte]func([]byte) ([]byte, error){moduleCode: func(code []byte) ([]byte, error) {
		n, size := binary.Uvarint(code)
		if size <= 0 || n > uint64(len(code)) {
			return nil, errSections
		}
		out := slices.Clone(code[:size])
		return append(out, bytes.Repeat([]byte{3, 0, 0x00, 0x0b}, int(n))...), nil // no locals, unreachable, end
	}})
}

// rewrite changes the contents of sections by their id.
func rewrite(b []byte, change map[byte]func([]byte) ([]byte, error)) ([]byte, error) {
	sections, err := Sections(b)
	if err != nil {
		return nil, err
	}
	out := slices.Clone(b[:8])
	for _, s := range sections {
		contents := b[s.Start:s.End]
		if f := change[s.ID]; f != nil {
			if contents, err = f(contents); err != nil {
				return nil, err
			}
		}
		out = append(out, s.ID)
		out = binary.AppendUvarint(out, uint64(len(contents)))
		out = append(out, contents...)
	}
	return out, nil
}
