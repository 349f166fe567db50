package filesystem

import (
	"context"
	"io/fs"
	"time"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi/p3/clocks"
	"github.com/wasitls/wasitls/host/wasi/rootfs"
)

// descriptorType is the variant descriptor-type.
type descriptorType struct {
	host.Case
	BlockDevice, CharacterDevice, Directory, FIFO, SymbolicLink, RegularFile, Socket host.None
	Other                                                                            host.Option[string]
}

// typeOf returns the type that a mode tells: those of 0.2 in the same order,
// but for unknown.
func typeOf(m fs.FileMode) descriptorType {
	if t := rootfs.TypeOf(m); t != rootfs.UnknownType {
		return descriptorType{Case: host.Case(t - 1)}
	}
	return descriptorType{Case: host.Case(rootfs.Socket)}
}

// symlinkFollow is the one flag of path-flags.
const symlinkFollow = 1

type (
	descriptorStat struct {
		Type                      descriptorType
		LinkCount                 uint64
		Size                      uint64
		DataAccessTimestamp       host.Option[clocks.Instant]
		DataModificationTimestamp host.Option[clocks.Instant]
		StatusChangeTimestamp     host.Option[clocks.Instant]
	}
	newTimestamp struct {
		host.Case
		NoChange  host.None
		Now       host.None
		Timestamp clocks.Instant
	}
	atPath struct {
		Self  *Descriptor
		Flags uint8
		Path  string
	}
	hashValue struct{ Lower, Upper uint64 }
)

func (a *atPath) follow() bool { return a.Flags&symlinkFollow != 0 }

func statOf(s rootfs.Stat, err error) (descriptorStat, error) {
	at := func(t time.Time) host.Option[clocks.Instant] {
		return host.Option[clocks.Instant]{Some: !t.IsZero(), Value: clocks.InstantOf(t)}
	}
	return descriptorStat{typeOf(s.Mode), s.Links, s.Size, at(s.Accessed), at(s.Written), at(s.Moved)}, err
}

func (n newTimestamp) change() (rootfs.TimeChange, error) {
	switch n.Case {
	case 0:
		return rootfs.TimeChange{}, nil
	case 1:
		return rootfs.TimeChange{Now: true}, nil
	}
	t, ok := n.Timestamp.Time()
	if !ok {
		return rootfs.TimeChange{}, rootfs.Overflow
	}
	return rootfs.TimeChange{At: t}, nil
}

func changes(read, written newTimestamp) (r, w rootfs.TimeChange, err error) {
	if r, err = read.change(); err == nil {
		w, err = written.change()
	}
	return r, w, err
}

func hashOf(h rootfs.Hash, err error) (hashValue, error) { return hashValue(h), err }

// bindMetadata adds what is done with what is known of a file.
func bindMetadata(t *host.Interface) {
	method := func(name string, f host.Fn) { t.Func("[method]descriptor."+name, f) }
	method("get-flags", ask(func(a *self) (uint8, error) { return uint8(a.Self.d.Flags()), nil }))
	method("get-type", ask(func(a *self) (descriptorType, error) {
		s, err := a.Self.d.Stat()
		return typeOf(s.Mode), err
	}))
	method("stat", ask(func(a *self) (descriptorStat, error) { return statOf(a.Self.d.Stat()) }))
	method("stat-at", ask(func(a *atPath) (descriptorStat, error) {
		return statOf(a.Self.d.StatAt(a.Path, a.follow()))
	}))
	method("set-times", do(func(a *struct {
		Self          *Descriptor
		Read, Written newTimestamp
	}) error {
		r, w, err := changes(a.Read, a.Written)
		if err != nil {
			return err
		}
		return a.Self.d.SetTimes(r, w)
	}))
	method("set-times-at", do(func(a *struct {
		Self          *Descriptor
		Flags         uint8
		Path          string
		Read, Written newTimestamp
	}) error {
		r, w, err := changes(a.Read, a.Written)
		if err != nil {
			return err
		}
		return a.Self.d.SetTimesAt(a.Path, a.Flags&symlinkFollow != 0, r, w)
	}))
	method("is-same-object", host.Async(func(_ context.Context, _ *host.Store, a *struct{ Self, Other *Descriptor }) (bool, error) {
		return a.Self.d.Same(a.Other.d), nil
	}))
	method("metadata-hash", ask(func(a *self) (hashValue, error) { return hashOf(a.Self.d.Hash()) }))
	method("metadata-hash-at", ask(func(a *atPath) (hashValue, error) {
		return hashOf(a.Self.d.HashAt(a.Path, a.follow()))
	}))
}
