package sock

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// unconnect takes a UDP socket's peer away.
func unconnect(s int) error {
	sa := unix.RawSockaddr{Family: unix.AF_UNSPEC}
	_, _, errno := unix.Syscall(unix.SYS_CONNECT, uintptr(s), uintptr(unsafe.Pointer(&sa)), unsafe.Sizeof(sa))
	if errno != 0 {
		return errno
	}
	return nil
}
