// Package p3 binds wasi:tls 0.3.0-draft, the draft on WASI 0.3, to the TLS of
// package wasitls: the resources connector and error, with streams and futures
// of the component model.
//
// The draft is unstable and so is this package. Where the draft leaves
// something open, docs/spec-feedback.md says what was chosen and why.
package p3

import (
	"context"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/wasitls"
)

// The WIT interfaces that are served.
const (
	ClientInterface = "wasi:tls/client@0.3.0-draft"
	TypesInterface  = "wasi:tls/types@0.3.0-draft"
)

// Options say what is served to guests.
type Options struct {
	// TLS serves the draft. It is off by default: what it offers may change or
	// vanish, though its WIT is not gated.
	TLS bool
}

// The resources of the draft.
var (
	connectorResource = host.NewResource("connector", dropConnector)
	errorResource     = host.NewResource("error", func(*host.Call, *failure) error { return nil })
)

// Bind adds the draft to the linker, if Options.TLS asks for it. Each store
// needs Attach.
func Bind(l *host.Linker, o Options) error {
	if !o.TLS {
		return nil
	}
	t := l.Interface(TypesInterface)
	t.Resource("error", errorResource)
	t.Func("[method]error.to-debug-string", host.Func(toDebugString))
	c := l.Interface(ClientInterface)
	c.Resource("error", errorResource)
	c.Resource("connector", connectorResource)
	c.Func("[constructor]connector", host.Func(constructor))
	c.Func("[method]connector.send", host.Func(send))
	c.Func("[method]connector.receive", host.Func(receive))
	c.Func("[static]connector.connect", host.TryAsync(connect, classify))
	return nil
}

// failure is the resource error. Each one that a guest gets is its own.
type failure struct{ text string }

func toDebugString(_ *host.Call, a *struct{ Self *failure }) (string, error) {
	return a.Self.text, nil
}

// outcome is result<_, error>.
type outcome = host.Result[host.None, *failure]

func newOutcome(err error) outcome {
	if err == nil {
		return outcome{}
	}
	return outcome{IsErr: true, Err: &failure{err.Error()}}
}

// direction is what send and receive return.
type direction struct {
	_       host.Tuple
	Stream  *host.Stream
	Outcome *host.Future[outcome]
}

func constructor(c *host.Call, _ *host.None) (*connector, error) {
	o := host.State[open](c.Store())
	if o == nil {
		return nil, errNotAttached
	}
	connector := newConnector(o.guest)
	o.track(connector)
	return connector, nil
}

func dropConnector(_ *host.Call, c *connector) error {
	c.drop()
	return nil
}

type sendArgs struct {
	Self      *connector
	Cleartext *host.Stream
}

func send(c *host.Call, a *sendArgs) (direction, error) {
	future := host.NewFuture[outcome]()
	plain, cipher, err := a.Self.send(func(err error) { future.Resolve(newOutcome(err)) })
	if err != nil {
		return refused(c, a.Cleartext, err)
	}
	a.Cleartext.Pipe(c.Store(), plain, func(err error) {
		if err == nil {
			plain.end()
		}
	})
	return direction{Stream: host.NewStream(cipher), Outcome: future}, nil
}

type receiveArgs struct {
	Self       *connector
	Ciphertext *host.Stream
}

// receive takes the ciphertext. That of a socket is read without the guest;
// that of a guest goes through a pipe, already before the handshake: a server
// may speak first.
func receive(c *host.Call, a *receiveArgs) (direction, error) {
	future := host.NewFuture[outcome]()
	reader, writer := wasitls.NewPipe(cipherPipe)
	cipher := &foreign{reader}
	plain, err := a.Self.receive(cipher, func(err error) { future.Resolve(newOutcome(err)) })
	if err != nil {
		return refused(c, a.Ciphertext, err)
	}
	if source, ok := a.Ciphertext.Take(); ok {
		cipher.Source = source
	} else {
		a.Ciphertext.Pipe(c.Store(), writer, func(error) {})
	}
	return direction{Stream: host.NewStream(plain), Outcome: future}, nil
}

// refused is the result of a direction that was set up before: everything has
// ended, and why is told.
func refused(c *host.Call, s *host.Stream, err error) (direction, error) {
	future := host.NewFuture[outcome]()
	future.Resolve(newOutcome(err))
	reader, writer := wasitls.NewPipe(1)
	writer.Drop()
	return direction{Stream: host.NewStream(reader), Outcome: future}, s.Drop(c.Store())
}

type connectArgs struct {
	This       *connector
	ServerName string
}

func connect(ctx context.Context, _ *host.Store, a *connectArgs) (host.None, error) {
	return host.None{}, a.This.connect(ctx, a.ServerName)
}

func classify(err error) (*failure, error) { return &failure{err.Error()}, nil }
