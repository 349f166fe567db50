package abi

import (
	bin "encoding/binary"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"

	"github.com/wasitls/wasitls/host/internal/binary"
)

// Text is a string in the encoding in which a guest holds it.
type Text struct {
	Encoding binary.Encoding
	// Wide is set for Latin1UTF16 text that is UTF-16.
	Wide bool
	Data []byte
}

// wideTag marks a latin1+utf16 length as one of UTF-16 code units.
const wideTag = 1 << 31

// String returns the text as a Go string, which is a copy.
func (t Text) String() string {
	switch {
	case t.Encoding == binary.UTF8:
		return string(t.Data)
	case t.isUTF16():
		return decodeUTF16(t.Data)
	}
	var b strings.Builder
	b.Grow(len(t.Data))
	for _, c := range t.Data {
		b.WriteRune(rune(c))
	}
	return b.String()
}

func (t Text) isUTF16() bool { return t.Encoding == binary.UTF16 || t.Wide }

// units is the number of code units.
func (t Text) units() uint32 {
	if t.isUTF16() {
		return uint32(len(t.Data) / 2)
	}
	return uint32(len(t.Data))
}

func decodeUTF16(data []byte) string {
	var b strings.Builder
	b.Grow(len(data) / 2)
	for i := 0; i+1 < len(data); i += 2 {
		r := rune(bin.LittleEndian.Uint16(data[i:]))
		if utf16.IsSurrogate(r) && i+3 < len(data) {
			r = utf16.DecodeRune(r, rune(bin.LittleEndian.Uint16(data[i+2:])))
			i += 2
		}
		b.WriteRune(r)
	}
	return b.String()
}

func appendUTF16(b []byte, s string) []byte {
	for _, r := range s {
		if r >= 0x10000 {
			hi, lo := utf16.EncodeRune(r)
			b = bin.LittleEndian.AppendUint16(b, uint16(hi))
			r = lo
		}
		b = bin.LittleEndian.AppendUint16(b, uint16(r))
	}
	return b
}

// textOf is the text of a Go string. What is not UTF-8 in it becomes U+FFFD:
// such strings come from peers and file systems, and no guest may get them.
func textOf(s string) Text {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	return Text{Encoding: binary.UTF8, Data: unsafe.Slice(unsafe.StringData(s), len(s))}
}

// loadText checks the string that the guest passed as ptr and tagged length.
// The result aliases the guest's memory (load_string_from_range).
func (cx *Context) loadText(ptr, length uint32) (Text, error) {
	t := Text{Encoding: cx.Encoding}
	align, n := uint32(1), uint64(length)
	switch cx.Encoding {
	case binary.UTF16:
		align, n = 2, 2*n
	case binary.Latin1UTF16:
		align = 2
		if t.Wide = length&wideTag != 0; t.Wide {
			n = 2 * uint64(length^wideTag)
		}
	}
	if n > MaxBytes {
		return Text{}, errStringLong
	}
	if err := cx.check(ptr, align, n, errString); err != nil {
		return Text{}, err
	}
	t.Data = cx.mem[ptr:][:n:n]
	if err := t.valid(); err != nil {
		return Text{}, err
	}
	return t, cx.charge(n)
}

func (t Text) valid() error {
	switch {
	case t.Encoding == binary.UTF8:
		if !utf8.Valid(t.Data) {
			return whyInvalidUTF8(t.Data)
		}
	case t.isUTF16():
		return validUTF16(t.Data)
	}
	return nil
}

func whyInvalidUTF8(data []byte) error {
	for {
		r, n := utf8.DecodeRune(data)
		if r != utf8.RuneError || n > 1 {
			data = data[n:]
			continue
		}
		if !utf8.FullRune(data) {
			return errUTF8Short
		}
		return errUTF8
	}
}

func validUTF16(data []byte) error {
	for i := 0; i+1 < len(data); i += 2 {
		c := bin.LittleEndian.Uint16(data[i:])
		if c < 0xd800 || c > 0xdfff {
			continue
		}
		if i += 2; c > 0xdbff || i+1 >= len(data) || bin.LittleEndian.Uint16(data[i:])>>10 != 0xdc00>>10 {
			return errUTF16
		}
	}
	return nil
}

// loadString lifts a string to Go.
func (cx *Context) loadString(ptr, length uint32) (string, error) {
	t, err := cx.loadText(ptr, length)
	if err != nil {
		return "", err
	}
	return t.String(), nil
}

// storeText lowers a string and returns its address and tagged length. The
// calls of realloc are those of store_string_into_range: guests see them.
func (cx *Context) storeText(t Text) (ptr, length uint32, err error) {
	if len(t.Data) > MaxBytes {
		return 0, 0, errStringLong
	}
	switch cx.Encoding {
	case binary.UTF8:
		if t.Encoding == binary.UTF8 {
			return cx.storeUnits(t.Data, 1, t.units())
		}
		return cx.storeToUTF8(t)
	case binary.UTF16:
		switch {
		case t.Encoding == binary.UTF8:
			return cx.storeUTF8ToUTF16(t)
		case t.isUTF16():
			return cx.storeUnits(t.Data, 2, t.units())
		}
		return cx.storeUnits(appendUTF16(nil, t.String()), 2, t.units())
	}
	switch {
	case t.Encoding != binary.Latin1UTF16:
		return cx.storeToLatin1OrUTF16(t)
	case t.Wide:
		return cx.storeWide(t)
	}
	return cx.storeUnits(t.Data, 2, t.units())
}

// storeUnits copies data that is in the guest's encoding already
// (store_string_copy).
func (cx *Context) storeUnits(data []byte, align, units uint32) (uint32, uint32, error) {
	ptr, err := cx.alloc(align, uint32(len(data)))
	if err != nil {
		return 0, 0, err
	}
	copy(cx.mem[ptr:], data)
	return ptr, units, nil
}

// storeToUTF8 allocates for ASCII first, and for the worst case when that
// turns out wrong (store_string_to_utf8).
func (cx *Context) storeToUTF8(t Text) (uint32, uint32, error) {
	units, worst := t.units(), 2*t.units()
	if t.isUTF16() {
		worst = 3 * units
	}
	s := t.String()
	ptr, err := cx.alloc(1, units)
	if err != nil {
		return 0, 0, err
	}
	ascii := 0
	for ascii < len(s) && s[ascii] < utf8.RuneSelf {
		ascii++
	}
	copy(cx.mem[ptr:], s[:ascii])
	if ascii == len(s) {
		return ptr, units, nil
	}
	if ptr, err = cx.realloc(ptr, units, 1, worst); err != nil {
		return 0, 0, err
	}
	copy(cx.mem[ptr+uint32(ascii):], s[ascii:])
	return cx.shrink(ptr, worst, 1, uint32(len(s)), uint32(len(s)))
}

// shrink gives back what a worst-case allocation has too much.
func (cx *Context) shrink(ptr, worst, align, size, length uint32) (_, _ uint32, err error) {
	if worst > size {
		ptr, err = cx.realloc(ptr, worst, align, size)
	}
	return ptr, length, err
}

func (cx *Context) storeUTF8ToUTF16(t Text) (uint32, uint32, error) {
	worst := 2 * t.units()
	ptr, err := cx.alloc(2, worst)
	if err != nil {
		return 0, 0, err
	}
	n := uint32(copy(cx.mem[ptr:], appendUTF16(make([]byte, 0, worst), t.String())))
	return cx.shrink(ptr, worst, 2, n, n/2)
}

// storeToLatin1OrUTF16 allocates for Latin-1 first and inflates what it wrote
// when a character does not fit (store_string_to_latin1_or_utf16).
func (cx *Context) storeToLatin1OrUTF16(t Text) (uint32, uint32, error) {
	s, units := t.String(), t.units()
	ptr, err := cx.alloc(2, units)
	if err != nil {
		return 0, 0, err
	}
	n := uint32(0)
	for _, r := range s {
		if r > 0xff {
			return cx.inflate(ptr, units, n, s)
		}
		cx.mem[ptr+n] = byte(r)
		n++
	}
	return cx.shrink(ptr, units, 2, n, n)
}

// inflate turns the n Latin-1 characters at ptr into UTF-16 and adds the rest of s.
func (cx *Context) inflate(ptr, units, n uint32, s string) (uint32, uint32, error) {
	worst := 2 * units
	ptr, err := cx.realloc(ptr, units, 2, worst)
	if err != nil {
		return 0, 0, err
	}
	for j := int64(n) - 1; j >= 0; j-- {
		storeInt(cx.mem, ptr+2*uint32(j), uint16(cx.mem[ptr+uint32(j)]))
	}
	encoded := appendUTF16(make([]byte, 0, worst), s)
	copy(cx.mem[ptr+2*n:], encoded[2*n:])
	size := uint32(len(encoded))
	return cx.shrink(ptr, worst, 2, size, size/2|wideTag)
}

// storeWide copies UTF-16, and deflates it if all of it is Latin-1
// (store_probably_utf16_to_latin1_or_utf16).
func (cx *Context) storeWide(t Text) (uint32, uint32, error) {
	size, units := uint32(len(t.Data)), t.units()
	ptr, err := cx.alloc(2, size)
	if err != nil {
		return 0, 0, err
	}
	dst := cx.mem[ptr:][:size]
	copy(dst, t.Data)
	for i := 1; i < len(dst); i += 2 {
		if dst[i] != 0 {
			return ptr, units | wideTag, nil
		}
	}
	for i := uint32(0); i < units; i++ {
		dst[i] = dst[2*i]
	}
	ptr, err = cx.realloc(ptr, size, 1, units)
	return ptr, units, err
}
