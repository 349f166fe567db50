package rootfs

const (
	// MaxOpen bounds a guest's open files and directories, those behind its
	// streams included.
	MaxOpen = 1024
	// readDirBatch is how many names of a directory are read at a time.
	readDirBatch = 128
)
