package host_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/wasitls/wasitls/host"
)

// Any number of stores may share a component, a linker and a program. Every
// third one is closed while its guest runs.
func TestStoresInParallel(t *testing.T) {
	var live atomic.Int64
	res := host.NewResource("thing", func(*host.Call, *thing) error { live.Add(-1); return nil })
	l := host.NewLinker()
	i := l.Interface("test:greet/api@0.2.3")
	i.Resource("thing", res)
	i.Func("[constructor]thing", host.Func(func(_ *host.Call, a *nameArg) (*thing, error) {
		live.Add(1)
		return &thing{a.Name}, nil
	}))
	i.Func("[method]thing.name", host.Func(func(_ *host.Call, a *struct{ Self *thing }) (host.Result[string, uint8], error) {
		return host.Result[string, uint8]{Ok: "hello, " + a.Self.name}, nil
	}))
	c := compile(t, greeter)
	program, err := l.Link(c)
	if err != nil {
		t.Fatal(err)
	}
	one := func(n int) error {
		s, err := engine.NewStore(host.Limits{})
		if err != nil {
			return err
		}
		defer s.Close()
		p := program
		if n%2 == 0 {
			if p, err = l.Link(c); err != nil {
				return err
			}
		}
		in, err := p.Instantiate(context.Background(), s)
		if err != nil {
			return err
		}
		greet, err := host.Export[nameArg, host.Result[string, uint8]](in, "", "greet")
		if err != nil {
			return err
		}
		if n%3 == 0 {
			go s.Close()
		}
		for k := range 20 {
			name := fmt.Sprintf("%d-%d", n, k)
			got, err := greet.Call(context.Background(), nameArg{name})
			if err != nil && n%3 == 0 {
				return nil
			}
			if err != nil || got.Ok != "hello, "+name {
				return fmt.Errorf("greet(%s) = %v, %v", name, got, err)
			}
		}
		_, err = in.Call(context.Background(), "", "keep", "x")
		if n%3 == 0 {
			return nil
		}
		return err
	}
	var wg sync.WaitGroup
	for n := range 200 {
		wg.Go(func() {
			if err := one(n); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := live.Load(); n != 0 {
		t.Errorf("%d things live", n)
	}
}
