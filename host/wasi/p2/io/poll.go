package io

import (
	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi/stream"
)

// Pollable is the resource wasi:io/poll pollable.
type Pollable struct {
	cond   stream.Pollable
	parent *Parent
}

// NewPollable returns a pollable that is nobody's child.
func NewPollable(p stream.Pollable) *Pollable { return &Pollable{p, nil} }

// Subscribe returns a pollable that is a child of p's resource.
func (p *Parent) Subscribe(cond stream.Pollable) *Pollable {
	p.children++
	return &Pollable{cond, p}
}

func dropPollable(_ *host.Call, p *Pollable) error {
	if p.parent != nil {
		p.parent.children--
	}
	return nil
}

func bindPoll(i *host.Interface) {
	i.Resource("pollable", PollableResource)
	i.Func("[method]pollable.ready", host.Func(func(_ *host.Call, a *struct{ Self *Pollable }) (bool, error) {
		return a.Self.cond.Ready(), nil
	}))
	i.Func("[method]pollable.block", host.Func(func(c *host.Call, a *struct{ Self *Pollable }) (host.None, error) {
		return host.None{}, envOf(c).wait(a.Self.cond)
	}))
	i.Func("poll", host.Func(poll))
}

func poll(c *host.Call, a *struct{ In []*Pollable }) ([]uint32, error) { return envOf(c).poll(a.In) }

func (e env) poll(in []*Pollable) ([]uint32, error) {
	switch {
	case len(in) == 0:
		return nil, errEmptyPoll
	case len(in) > maxPoll:
		return nil, errLongPoll
	}
	e.free()
	ready, err := stream.WaitAny(e, len(in), func(i int) stream.Pollable { return in[i].cond }, e.indices[:0])
	if err != nil {
		return nil, &Trap{err}
	}
	e.keep(ready)
	return ready, nil
}
