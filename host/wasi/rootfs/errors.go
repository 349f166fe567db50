package rootfs

import (
	"errors"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Code is why a file operation failed (wasi:filesystem/types error-code).
type Code uint8

// Codes, in the order of WASI 0.2.
const (
	Access Code = iota
	WouldBlock
	Already
	BadDescriptor
	Busy
	Deadlock
	Quota
	Exist
	FileTooLarge
	IllegalByteSequence
	InProgress
	Interrupted
	Invalid
	IO
	IsDirectory
	Loop
	TooManyLinks
	MessageSize
	NameTooLong
	NoDevice
	NoEntry
	NoLock
	InsufficientMemory
	InsufficientSpace
	NotDirectory
	NotEmpty
	NotRecoverable
	Unsupported
	NoTTY
	NoSuchDevice
	Overflow
	NotPermitted
	Pipe
	ReadOnly
	InvalidSeek
	TextFileBusy
	CrossDevice
)

var codeNames = strings.Fields(`access would-block already bad-descriptor busy deadlock quota exist file-too-large
	illegal-byte-sequence in-progress interrupted invalid io is-directory loop too-many-links message-size
	name-too-long no-device no-entry no-lock insufficient-memory insufficient-space not-directory not-empty
	not-recoverable unsupported no-tty no-such-device overflow not-permitted pipe read-only invalid-seek
	text-file-busy cross-device`)

// CodeNames are the WIT names of the codes in order.
func CodeNames() []string { return codeNames }

// Error implements error.
func (c Code) Error() string { return "rootfs: " + codeNames[c] }

var codes = map[unix.Errno]Code{
	unix.EACCES:          Access,
	unix.EAGAIN:          WouldBlock,
	unix.EALREADY:        Already,
	unix.EBADF:           BadDescriptor,
	unix.EBUSY:           Busy,
	unix.EDEADLK:         Deadlock,
	unix.EDQUOT:          Quota,
	unix.EEXIST:          Exist,
	unix.EFBIG:           FileTooLarge,
	unix.EILSEQ:          IllegalByteSequence,
	unix.EINPROGRESS:     InProgress,
	unix.EINTR:           Interrupted,
	unix.EINVAL:          Invalid,
	unix.EIO:             IO,
	unix.EISDIR:          IsDirectory,
	unix.ELOOP:           Loop,
	unix.EMLINK:          TooManyLinks,
	unix.EMSGSIZE:        MessageSize,
	unix.ENAMETOOLONG:    NameTooLong,
	unix.ENODEV:          NoDevice,
	unix.ENOENT:          NoEntry,
	unix.ENOLCK:          NoLock,
	unix.ENOMEM:          InsufficientMemory,
	unix.ENOSPC:          InsufficientSpace,
	unix.ENOTDIR:         NotDirectory,
	unix.ENOTEMPTY:       NotEmpty,
	unix.ENOTRECOVERABLE: NotRecoverable,
	unix.ENOTSUP:         Unsupported,
	unix.ENOSYS:          Unsupported,
	unix.ENOTTY:          NoTTY,
	unix.ENXIO:           NoSuchDevice,
	unix.EOVERFLOW:       Overflow,
	unix.EPERM:           NotPermitted,
	unix.EPIPE:           Pipe,
	unix.EROFS:           ReadOnly,
	unix.ESPIPE:          InvalidSeek,
	unix.ETXTBSY:         TextFileBusy,
	unix.EXDEV:           CrossDevice,
	unix.EMFILE:          InsufficientMemory,
	unix.ENFILE:          InsufficientMemory,
}

// CodeOf returns the code for an error of this package or of the system, and
// whether it is such an error at all.
func CodeOf(err error) (Code, bool) {
	var c Code
	if errors.As(err, &c) {
		return c, true
	}
	var errno unix.Errno
	if errors.As(err, &errno) {
		if c, ok := codes[errno]; ok {
			return c, true
		}
		return IO, true
	}
	switch {
	case errors.Is(err, os.ErrClosed):
		return BadDescriptor, true
	case errors.Is(err, os.ErrInvalid):
		return Invalid, true
	}
	return IO, false
}

// code makes an error of the system one of this package: without paths.
func code(err error) error {
	if err == nil {
		return nil
	}
	// os.Root has no exported error for what it is there to prevent.
	var p *fs.PathError
	var l *os.LinkError
	if errors.As(err, &p) && escapes(p.Err) || errors.As(err, &l) && escapes(l.Err) {
		return NotPermitted
	}
	c, _ := CodeOf(err)
	return c
}

func escapes(err error) bool { return err != nil && err.Error() == "path escapes from parent" }
