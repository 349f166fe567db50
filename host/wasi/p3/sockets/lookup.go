package sockets

import (
	"context"
	"errors"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi/internal/addr"
	"github.com/wasitls/wasitls/host/wasi/internal/sock"
	"github.com/wasitls/wasitls/host/wasi/stream"
)

// LookupError is the variant wasi:sockets/ip-name-lookup error-code.
type LookupError struct {
	host.Case
	AccessDenied, InvalidArgument, NameUnresolvable, TemporaryResolverFailure, PermanentResolverFailure host.None

	Other host.Option[string]
}

// lookupCases are the cases of LookupError by the code of 0.2.
var lookupCases = map[sock.Code]host.Case{
	sock.AccessDenied:             0,
	sock.InvalidArgument:          1,
	sock.NameUnresolvable:         2,
	sock.TemporaryResolverFailure: 3,
	sock.PermanentResolverFailure: 4,
}

const caseOtherLookup host.Case = 5

func classifyLookup(err error) (LookupError, error) {
	if errors.Is(err, errNoNetwork) {
		return LookupError{}, err
	}
	code, _ := sock.CodeOf(err)
	if c, ok := lookupCases[code]; ok {
		return LookupError{Case: c}, nil
	}
	return LookupError{Case: caseOtherLookup, Other: host.Some(sock.CodeNames()[code])}, nil
}

func bindLookup(i *host.Interface) {
	i.Func("resolve-addresses", host.TryAsync(func(ctx context.Context, s *host.Store, a *struct{ Name string }) ([]addr.IP, error) {
		n, err := network(s)
		if err != nil {
			return nil, err
		}
		l, err := n.Resolve(a.Name)
		if err != nil {
			return nil, err
		}
		defer l.Drop()
		if err := stream.Wait(ctx, l); err != nil {
			return nil, err
		}
		return addresses(l)
	}, classifyLookup))
}

// addresses returns the result of a lookup that is done.
func addresses(l *sock.Lookup) (as []addr.IP, err error) {
	for {
		a, ok, err := l.Next()
		if !ok || err != nil {
			return as, err
		}
		as = append(as, addr.FromIP(a))
	}
}
