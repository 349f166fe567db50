// Package p2 binds wasi:tls 0.2.0-draft, the draft on WASI 0.2, to the TLS of
// package wasitls: the resources client-handshake, future-client-streams and
// client-connection, with streams of wasi:io.
//
// The draft is unstable and so is this package. Where the draft leaves
// something open, docs/spec-feedback.md says what was chosen and why.
package p2

import (
	"errors"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi/p2/io"
	"github.com/wasitls/wasitls/host/wasi/stream"
	"github.com/wasitls/wasitls/wasitls"
)

// Interface is the WIT interface that is served.
const Interface = "wasi:tls/types@0.2.0-draft"

// Options say what is served to guests.
type Options struct {
	// TLS serves the draft. It is off by default, as its WIT is gated by
	// @unstable(feature = tls): what it offers may change or vanish.
	TLS bool
}

// The resources of the draft.
var (
	handshakeResource  = host.NewResource("client-handshake", dropHandshake)
	futureResource     = host.NewResource("future-client-streams", dropFuture)
	connectionResource = host.NewResource("client-connection", dropConnection)
)

// Bind adds the draft to the linker, if Options.TLS asks for it. The
// interfaces of wasi:io must be there too. Each store needs Attach.
func Bind(l *host.Linker, o Options) error {
	if !o.TLS {
		return nil
	}
	i := l.Interface(Interface)
	// The draft names the resources of wasi:io that it uses.
	i.Resource("input-stream", io.InputStreamResource)
	i.Resource("output-stream", io.OutputStreamResource)
	i.Resource("pollable", io.PollableResource)
	i.Resource("io-error", io.ErrorResource)
	i.Resource("client-handshake", handshakeResource)
	i.Resource("future-client-streams", futureResource)
	i.Resource("client-connection", connectionResource)
	i.Func("[constructor]client-handshake", host.Func(newHandshake))
	i.Func("[static]client-handshake.finish", host.Func(finish))
	i.Func("[method]future-client-streams.subscribe", host.Func(subscribe))
	i.Func("[method]future-client-streams.get", host.Func(get))
	i.Func("[method]client-connection.close-output", host.Func(closeOutput))
	return nil
}

// handshake is the resource client-handshake: a transport and a name, with
// which nothing has happened yet.
type handshake struct {
	name      string
	transport wasitls.Transport
}

type handshakeArgs struct {
	ServerName string
	Input      *io.InputStream
	Output     *io.OutputStream
}

// newHandshake takes the streams. crypto/tls will sit directly on their
// connection if they are one connection's, with nothing buffered.
func newHandshake(_ *host.Call, a *handshakeArgs) (*handshake, error) {
	in, inErr := a.Input.Take()
	out, outErr := a.Output.Take()
	if err := errors.Join(inErr, outErr); err != nil {
		if inErr == nil {
			in.Drop()
		}
		if outErr == nil {
			out.Drop()
		}
		return nil, err
	}
	h := &handshake{name: a.ServerName}
	if conn, ok := stream.TakeConn(in, out); ok {
		h.transport = conn
	} else {
		h.transport = wasitls.Streams(source{in}, sink{out})
	}
	return h, nil
}

func dropHandshake(_ *host.Call, h *handshake) error {
	h.transport.Close()
	return nil
}

// future is the resource future-client-streams.
type future struct {
	io.Parent
	h *wasitls.Handshake
}

type finishArgs struct{ This *handshake }

func finish(c *host.Call, a *finishArgs) (*future, error) {
	o := host.State[open](c.Store())
	if o == nil {
		a.This.transport.Close()
		return nil, errNotAttached
	}
	f := &future{h: o.guest.Start(a.This.transport, a.This.name)}
	o.track(f.h)
	return f, nil
}

func dropFuture(_ *host.Call, f *future) error {
	if err := f.Childless(); err != nil {
		return err
	}
	f.h.Cancel()
	return nil
}

type futureArg struct{ Self *future }

func subscribe(_ *host.Call, a *futureArg) (*io.Pollable, error) {
	return a.Self.Subscribe(a.Self.h), nil
}

// streams is tuple<client-connection, input-stream, output-stream>.
type streams struct {
	_          host.Tuple
	Connection *connection
	Input      *io.InputStream
	Output     *io.OutputStream
}

type (
	outcome  = host.Result[streams, *io.Error]
	consumed = host.Result[outcome, host.None]
)

// get gives the outcome away, once. It needs no poll before: the handshake
// runs by itself.
func get(c *host.Call, a *futureArg) (host.Option[consumed], error) {
	conn, err := a.Self.h.Result()
	switch {
	case errors.Is(err, wasitls.ErrPending):
		return host.Option[consumed]{}, nil
	case errors.Is(err, wasitls.ErrConsumed):
		return host.Some(consumed{IsErr: true}), nil
	case err != nil:
		return host.Some(consumed{Ok: outcome{IsErr: true, Err: io.NewError(err)}}), nil
	}
	host.State[open](c.Store()).track(conn)
	return host.Some(consumed{Ok: outcome{Ok: streams{
		Connection: &connection{conn},
		Input:      io.NewInputStream(input{conn.Input()}),
		Output:     io.NewOutputStream(output{conn.Output()}),
	}}}), nil
}

// connection is the resource client-connection.
type connection struct{ conn *wasitls.Conn }

func dropConnection(_ *host.Call, c *connection) error {
	c.conn.Drop()
	return nil
}

func closeOutput(_ *host.Call, a *struct{ Self *connection }) (host.None, error) {
	a.Self.conn.CloseOutput()
	return host.None{}, nil
}
