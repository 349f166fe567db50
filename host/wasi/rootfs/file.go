package rootfs

import (
	"errors"
	"io"
	"math"

	"github.com/wasitls/wasitls/host/wasi/stream"
)

// endOf is nil for the end of a file.
func endOf(err error) error {
	if err == io.EOF {
		return nil
	}
	return code(err)
}

// readable is nil if the file can be read at that offset.
func (d *Descriptor) readable(offset uint64) error {
	switch {
	case d.root != nil:
		return IsDirectory
	case d.flags&Read == 0:
		return BadDescriptor
	case offset > math.MaxInt64:
		return Invalid
	}
	return nil
}

func (d *Descriptor) writable(offset uint64) error {
	switch {
	case d.root != nil:
		return IsDirectory
	case d.flags&Write == 0:
		return BadDescriptor
	case offset > math.MaxInt64:
		return Invalid
	}
	return nil
}

// ReadAt reads into p and tells whether the end of the file was reached.
func (d *Descriptor) ReadAt(p []byte, offset uint64) (n int, end bool, err error) {
	if err := d.readable(offset); err != nil {
		return 0, false, err
	}
	n, err = d.file.ReadAt(p, int64(offset))
	return n, err == io.EOF, endOf(err)
}

// WriteAt writes p.
func (d *Descriptor) WriteAt(p []byte, offset uint64) (int, error) {
	if err := d.writable(offset); err != nil {
		return 0, err
	}
	n, err := d.file.WriteAt(p, int64(offset))
	if n > 0 {
		return n, nil
	}
	return n, code(err)
}

// SetSize cuts the file off or extends it with zeroes.
func (d *Descriptor) SetSize(size uint64) error {
	if err := d.writable(size); err != nil {
		return err
	}
	return code(d.file.Truncate(int64(size)))
}

// Advise tells the system how a range of the file will be used.
func (d *Descriptor) Advise(offset, length uint64, advice int) error {
	switch {
	case d.root != nil:
		return BadDescriptor
	case offset > math.MaxInt64 || length > math.MaxInt64:
		return Invalid
	}
	return code(control(d.file, func(s int) error { return fadvise(s, int64(offset), int64(length), advice) }))
}

// Input returns a stream of the file from offset on. It keeps the file open.
func (d *Descriptor) Input(offset uint64) (stream.Input, error) {
	if err := d.readable(offset); err != nil {
		return nil, err
	}
	d.acquire()
	return &input{d: d, at: int64(offset)}, nil
}

// input is a stream of a file. It is always ready.
type input struct {
	stream.Always
	d       *Descriptor
	at      int64
	dropped bool
}

// Read implements stream.Input.
func (i *input) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n, err := i.d.file.ReadAt(p, i.at)
	i.at += int64(n)
	switch {
	case n > 0:
		return n, nil
	case errors.Is(err, io.EOF):
		return 0, stream.ErrClosed
	}
	return 0, code(err)
}

// Drop implements stream.Input.
func (i *input) Drop() {
	if !i.dropped {
		i.dropped = true
		i.d.Drop()
	}
}

// Output returns a stream that writes from offset on. It keeps the file open.
func (d *Descriptor) Output(offset uint64) (stream.Output, error) {
	if err := d.writable(offset); err != nil {
		return nil, err
	}
	d.acquire()
	return &output{d: d, at: int64(offset)}, nil
}

// Append returns a stream that writes at the end of the file.
func (d *Descriptor) Append() (stream.Output, error) {
	if err := d.writable(0); err != nil {
		return nil, err
	}
	d.acquire()
	return &output{d: d, append: true}, nil
}

// output is a stream to a file. It is always ready.
type output struct {
	stream.Always
	d       *Descriptor
	at      int64
	append  bool
	dropped bool
}

// Permit implements stream.Output.
func (o *output) Permit() (int, error) { return stream.ChunkBytes, nil }

// Write implements stream.Output.
func (o *output) Write(p []byte) error {
	for o.append && len(p) > 0 {
		n := 0
		err := control(o.d.file, func(s int) (err error) {
			n, err = appendTo(s, p)
			return err
		})
		if err != nil {
			return code(err)
		}
		p = p[n:]
	}
	if len(p) == 0 {
		return nil
	}
	n, err := o.d.file.WriteAt(p, o.at)
	o.at += int64(n)
	return code(err)
}

// Flush implements stream.Output. It does not wait for the disk: sync does.
func (o *output) Flush() error { return nil }

// Drop implements stream.Output.
func (o *output) Drop() {
	if !o.dropped {
		o.dropped = true
		o.d.Drop()
	}
}
