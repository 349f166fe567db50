package filesystem

import (
	"time"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi/p2/clocks"
	"github.com/wasitls/wasitls/host/wasi/rootfs"
)

// symlinkFollow is the one flag of path-flags.
const symlinkFollow = 1

type (
	descriptorStat struct {
		Type                      rootfs.Type
		LinkCount                 uint64
		Size                      uint64
		DataAccessTimestamp       host.Option[clocks.Datetime]
		DataModificationTimestamp host.Option[clocks.Datetime]
		StatusChangeTimestamp     host.Option[clocks.Datetime]
	}
	newTimestamp struct {
		host.Case
		NoChange  host.None
		Now       host.None
		Timestamp clocks.Datetime
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
	at := func(t time.Time) host.Option[clocks.Datetime] {
		return host.Option[clocks.Datetime]{Some: !t.IsZero(), Value: clocks.DatetimeOf(t)}
	}
	return descriptorStat{rootfs.TypeOf(s.Mode), s.Links, s.Size, at(s.Accessed), at(s.Written), at(s.Moved)}, err
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
	method("get-flags", try(func(_ *host.Call, a *self) (uint8, error) { return uint8(a.Self.d.Flags()), nil }))
	method("get-type", try(func(_ *host.Call, a *self) (rootfs.Type, error) {
		s, err := a.Self.d.Stat()
		return rootfs.TypeOf(s.Mode), err
	}))
	method("stat", try(func(_ *host.Call, a *self) (descriptorStat, error) { return statOf(a.Self.d.Stat()) }))
	method("stat-at", try(func(_ *host.Call, a *atPath) (descriptorStat, error) {
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
	method("is-same-object", host.Func(func(_ *host.Call, a *struct{ Self, Other *Descriptor }) (bool, error) {
		return a.Self.d.Same(a.Other.d), nil
	}))
	method("metadata-hash", try(func(_ *host.Call, a *self) (hashValue, error) { return hashOf(a.Self.d.Hash()) }))
	method("metadata-hash-at", try(func(_ *host.Call, a *atPath) (hashValue, error) {
		return hashOf(a.Self.d.HashAt(a.Path, a.follow()))
	}))
}
