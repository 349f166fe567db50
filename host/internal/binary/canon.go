// Package binary decodes the component model's binary format (Binary.md of
// the component-model specification) into syntax. It checks form; package
// types checks meaning.
package binary

// Encoding is a string encoding of the canonical ABI.
type Encoding uint8

// String encodings, with the bytes of the canonical options.
const (
	UTF8        Encoding = 0x00
	UTF16       Encoding = 0x01
	Latin1UTF16 Encoding = 0x02
)

// CanonOp is the opcode of a canonical definition.
type CanonOp uint8

// Canonical definitions (Binary.md, "Canonical Definitions").
const (
	CanonLift              CanonOp = 0x00
	CanonLower             CanonOp = 0x01
	CanonResourceNew       CanonOp = 0x02
	CanonResourceDrop      CanonOp = 0x03
	CanonResourceRep       CanonOp = 0x04
	CanonTaskCancel        CanonOp = 0x05
	CanonSubtaskCancel     CanonOp = 0x06
	CanonResourceDropAsync CanonOp = 0x07
	CanonTaskReturn        CanonOp = 0x09
)
