package rootfs

import "io/fs"

// Type is what a descriptor or a directory entry is (descriptor-type).
type Type uint8

// Types, in the order of WASI 0.2.
const (
	UnknownType Type = iota
	BlockDevice
	CharacterDevice
	DirectoryType
	FIFO
	SymbolicLink
	RegularFile
	Socket
)

// TypeOf returns the type that a mode tells.
func TypeOf(m fs.FileMode) Type {
	switch t := m.Type(); {
	case t == 0:
		return RegularFile
	case t&fs.ModeDir != 0:
		return DirectoryType
	case t&fs.ModeSymlink != 0:
		return SymbolicLink
	case t&fs.ModeCharDevice != 0:
		return CharacterDevice
	case t&fs.ModeDevice != 0:
		return BlockDevice
	case t&fs.ModeNamedPipe != 0:
		return FIFO
	case t&fs.ModeSocket != 0:
		return Socket
	}
	return UnknownType
}
