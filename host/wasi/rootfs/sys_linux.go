package rootfs

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// futimens sets the times of an open file.
func futimens(s int, ts [2]unix.Timespec) error {
	_, _, errno := unix.Syscall6(unix.SYS_UTIMENSAT, uintptr(s), 0, uintptr(unsafe.Pointer(&ts)), 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// appendTo writes at the end of a file, wherever that is by then.
func appendTo(s int, p []byte) (int, error) {
	return unix.Pwritev2(s, [][]byte{p}, 0, unix.RWF_APPEND)
}

// advices are the system's, in the order of WASI.
var advices = [...]int{
	unix.FADV_NORMAL, unix.FADV_SEQUENTIAL, unix.FADV_RANDOM, unix.FADV_WILLNEED, unix.FADV_DONTNEED, unix.FADV_NOREUSE,
}

func fadvise(s int, offset, length int64, advice int) error {
	return unix.Fadvise(s, offset, length, advices[advice])
}
