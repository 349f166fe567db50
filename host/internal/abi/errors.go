package abi

import "fmt"

// Error is a trap of the guest: it passed something that is no value of the
// type, or its realloc did. Its text holds the phrases that the official
// component-model tests expect, which differ for calls between guests.
type Error struct{ Text string }

// Error implements error.
func (e *Error) Error() string { return e.Text }

var (
	errUnaligned        = &Error{"unaligned pointer"}
	errPointer          = &Error{"pointer out of bounds of memory"}
	errString           = &Error{"string pointer/length out of bounds of memory (string content out-of-bounds)"}
	errList             = &Error{"list pointer/length out of bounds of memory (list content out-of-bounds)"}
	errStringLong       = &Error{"string is longer than 2^28-1 bytes"}
	errListLong         = &Error{"list is longer than 2^28-1 bytes"}
	errUTF8             = &Error{"invalid utf-8"}
	errUTF8Short        = &Error{"incomplete utf-8 byte sequence"}
	errUTF16            = &Error{"unpaired surrogate in utf-16"}
	errChar             = &Error{"invalid `char` bit pattern"}
	errDiscriminant     = &Error{"invalid variant discriminant"}
	errReallocUnaligned = &Error{"realloc return: result not aligned (unaligned pointer)"}
	errReallocBounds    = &Error{"realloc return: beyond end of memory (string or list content out-of-bounds)"}
	errNoRealloc        = &Error{"function has no realloc option"}
	errNoHandles        = &Error{"function has no handle table"}
	errBudget           = &Error{"call passes more bytes than it may"}
	errUnsupported      = &Error{"error contexts are not supported"}
)

// HostError is a mistake of the host: a Go value that is no value of the
// component type it is lowered as.
type HostError struct{ Text string }

// Error implements error.
func (e *HostError) Error() string { return "abi: " + e.Text }

func hostErrorf(format string, args ...any) error { return &HostError{fmt.Sprintf(format, args...)} }
