package io

import (
	"context"

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
		return host.None{}, wait(c, a.Self.cond)
	}))
	i.Func("poll", host.Func(poll))
}

func poll(c *host.Call, a *struct{ In []*Pollable }) ([]uint32, error) {
	switch {
	case len(a.In) == 0:
		return nil, errEmptyPoll
	case len(a.In) > maxPoll:
		return nil, errLongPoll
	}
	s := scratchOf(c)
	s.free()
	ready, err := stream.WaitAny(c.Context(), len(a.In), func(i int) stream.Pollable { return a.In[i].cond }, s.indices[:0])
	if err != nil {
		return nil, &Trap{err}
	}
	s.keep(ready)
	return ready, nil
}

// wait waits for p on behalf of a guest.
func wait(c *host.Call, p stream.Pollable) error {
	if p.Ready() {
		return nil
	}
	scratchOf(c).free()
	return stopped(stream.Wait(c.Context(), p))
}

func stopped(err error) error {
	if err != nil {
		return &Trap{err}
	}
	return nil
}

// Wait waits for p on behalf of a guest. Its error traps the guest.
func Wait(ctx context.Context, p stream.Pollable) error { return stopped(stream.Wait(ctx, p)) }
