package rt

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/wasitls/wasitls/host/internal/abi"
	"github.com/wasitls/wasitls/host/internal/core"
	"github.com/wasitls/wasitls/host/internal/types"
)

// coreModule adds a core module to a plan.
func (p *plan) coreModule(m *module) {
	st := &types.StepModule{}
	p.modules[st] = m
	p.add(st)
}

func noExports(*scripted, []core.Extern) map[string]core.Extern { return nil }

// TestInstantiateFails: a component that lacks what it needs, or takes too
// much, is not instantiated.
func TestInstantiateFails(t *testing.T) {
	unwell := func(p *plan) {
		p.coreModule(&module{exports: noExports, start: func(func(core.Extern, ...uint64) uint64, []uint64) (uint64, error) { return 0, errors.New("unwell") }})
		p.add(&types.StepCoreInstantiate{})
	}
	item := types.Extern{Name: "f", Type: types.ExternType{Sort: types.SortFunc}}
	r := &types.Resource{Name: "r"}
	bind := func(path ...string) []types.ResourceBind { return []types.ResourceBind{{Resource: r, Path: path}} }
	for _, c := range []struct {
		name string
		plan func(p *plan)
		want string
	}{
		{"no import", func(p *plan) { p.add(&types.StepImport{Extern: types.Extern{Name: "none"}}) }, `missing import "none"`},
		{"core module lacks a module", func(p *plan) {
			p.coreModule(&module{imports: []core.Import{{Module: "env", Name: "f"}}})
			p.add(&types.StepCoreInstantiate{})
		}, `lacks its import "env"`},
		{"core module lacks an item", func(p *plan) {
			p.coreModule(&module{imports: []core.Import{{Module: "env", Name: "f"}}})
			p.add(&types.StepCoreExports{}, &types.StepCoreInstantiate{Args: []types.CoreArg{{Name: "env"}}})
		}, `lacks its import "env" "f"`},
		{"core export is not there", func(p *plan) {
			p.add(&types.StepCoreExports{}, &types.StepCoreAlias{Kind: core.Func, Name: "f"})
		}, `no such export "f"`},
		{"resource where there is no type", func(p *plan) { p.add(&types.StepImport{Extern: item, Binds: bind()}) }, `no resource type for "r"`},
		{"resource in what has no items", func(p *plan) { p.add(&types.StepImport{Extern: item, Binds: bind("x")}) }, `no instance on the path to resource "r"`},
		{"start function traps", unwell, "unwell"},
		{"start function in a nested component", func(p *plan) {
			inner := newPlan()
			unwell(inner)
			for st, m := range inner.modules {
				p.modules[st] = m
			}
			p.add(&types.StepComponent{Component: &types.Component{Steps: inner.steps}}, &types.StepInstantiate{})
		}, "unwell"},
		{"an unknown step", func(p *plan) { p.add(nil) }, "unknown step"},
		{"too many instances", func(p *plan) {
			p.add(&types.StepComponent{Component: &types.Component{}})
			for range 5 {
				p.add(&types.StepInstantiate{})
			}
		}, "too many component instances: limit of 5"},
		{"too many steps", func(p *plan) {
			p.add(&types.StepExports{Exports: make([]types.Item, maxSteps)})
		}, "too many steps of instantiation: limit of 100000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.limits.Instances = 5
				p := newPlan()
				c.plan(p)
				_, err := w.Instantiate(t.Context(), p.component(r), map[string]any{"f": w.hostNow(nil)})
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %v, want %q", err, c.want)
				}
			})
		})
	}
	t.Run("start function waits", func(t *testing.T) {
		inWorld(t, func(t *testing.T, w *world) {
			p := newPlan()
			var yield core.Extern
			p.core(&types.StepBuiltin{Op: threadYield.code, Options: noOptions, Core: core.FuncType{Results: i32s(1)}})
			p.coreModule(&module{imports: []core.Import{{Module: "f", Name: "yield"}}, exports: func(_ *scripted, im []core.Extern) map[string]core.Extern {
				yield = im[0]
				return nil
			}, start: func(call func(core.Extern, ...uint64) uint64, _ []uint64) (uint64, error) { return call(yield), nil }})
			p.add(&types.StepCoreExports{Exports: []types.CoreItem{{Name: "yield", Kind: core.Func}}}, &types.StepCoreInstantiate{Args: []types.CoreArg{{Name: "f"}}})
			_, err := w.Instantiate(t.Context(), p.component(), nil)
			wantTrap(t, err, "cannot block a synchronous task")
		})
	})
	t.Run("no time", func(t *testing.T) {
		inWorld(t, func(t *testing.T, w *world) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if _, err := w.Instantiate(ctx, newPlan().component(), nil); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			w.ctx = ctx
			if err := w.spend(1); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			w.ctx = context.Background()
		})
	})
}

// Items of every sort go through instances, aliases and nested components; a
// nested component reaches those around it.
func TestInstantiateNested(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		typ := &ResourceType{Name: "r", Host: &dropped{}}
		innerR, outerR := &types.Resource{Name: "r"}, &types.Resource{Name: "r"}
		extern := func(name string, s types.Sort) types.Extern {
			return types.Extern{Name: name, Type: types.ExternType{Sort: s}}
		}
		inner := &types.Component{Resources: []*types.Resource{innerR}, Steps: []types.Step{
			&types.StepImport{Extern: extern("i", types.SortInstance), Binds: []types.ResourceBind{{Resource: innerR, Path: []string{"r"}}}},
			&types.StepAlias{Sort: types.SortFunc, Name: "f"},
			&types.StepAlias{Sort: types.SortType, Name: "r"},
			&types.StepOuter{Sort: types.SortModule, Count: 1},
			&types.StepOuter{Sort: types.SortComponent, Count: 1},
			&types.StepType{},
			&types.StepExport{Name: "f", Item: types.Item{Sort: types.SortFunc}},
			&types.StepExport{Name: "r", Item: types.Item{Sort: types.SortType}},
			&types.StepExport{Name: "no resource", Item: types.Item{Sort: types.SortType, Index: 1}},
			&types.StepExport{Name: "m", Item: types.Item{Sort: types.SortModule}},
			&types.StepExport{Name: "c", Item: types.Item{Sort: types.SortComponent}},
		}}
		p := newPlan()
		p.add(&types.StepImport{Extern: extern("f", types.SortFunc)}, &types.StepImport{Extern: extern("r", types.SortType)})
		p.coreModule(&module{exports: noExports})
		p.add(
			&types.StepComponent{Component: inner},
			&types.StepExports{Exports: []types.Item{{Name: "f", Sort: types.SortFunc}, {Name: "r", Sort: types.SortType}}},
			&types.StepInstantiate{Args: []types.Item{{Name: "i", Sort: types.SortInstance}}, Binds: []types.ResourceBind{{Resource: outerR, Path: []string{"r"}}}},
			&types.StepExport{Name: "all", Item: types.Item{Sort: types.SortInstance, Index: 1}},
		)
		f := w.hostNow(func(*abi.Context, []uint64) (uint64, error) { return 0, nil })
		in, err := w.Instantiate(t.Context(), p.component(outerR), map[string]any{"f": f, "r": typ})
		if err != nil {
			t.Fatal(err)
		}
		all := in.Exports().Items["all"].(*Exports).Items
		if all["f"] != f || all["r"] != typ || all["no resource"] != nil || in.resources[0] != typ {
			t.Errorf("%v, resource %v", all, in.resources[0])
		}
		if m, ok := all["m"].(*Module); !ok || m != in.coreModules[0] {
			t.Errorf("module %v", all["m"])
		}
		if c, ok := all["c"].(*Closure); !ok || c.plan != inner || c.parent != in {
			t.Errorf("component %v", all["c"])
		}
	})
}
