package host

import (
	"context"
	"errors"
	"fmt"

	"github.com/wasitls/wasitls/host/internal/binary"
	"github.com/wasitls/wasitls/host/internal/core"
	"github.com/wasitls/wasitls/host/internal/rt"
	"github.com/wasitls/wasitls/host/internal/types"
	"github.com/wasitls/wasitls/host/internal/wt"
)

// Config configures an Engine. The zero value is useful.
type Config struct {
	// CacheDir is a folder for compiled code, made if it does not exist.
	// Files in it are keyed by content, engine version and configuration; a
	// folder or file that other users could have written is not used. Empty
	// means no cache on disk.
	CacheDir string
	// StackBytes is how much stack a guest may use, in bytes from 64 KiB to
	// 64 MiB; 0 means 1 MiB. Memory for it is taken as the guest uses it.
	StackBytes int
	// CopyData makes guests copy the data of their modules instead of mapping
	// it. A guest then takes at most 7 of the process's memory mappings instead
	// of 9, of which Linux allows 65,530 unless vm.max_map_count is raised: about
	// 8,600 guests fit instead of 6,700. Guests with much data start slower.
	CopyData bool
}

// Engine compiles components. It is safe for concurrent use; one is enough
// for a process.
type Engine struct{ core *wt.Engine }

// NewEngine makes an engine.
func NewEngine(c Config) (*Engine, error) {
	e, err := wt.New(wt.Config{CacheDir: c.CacheDir, StackBytes: c.StackBytes, CopyData: c.CopyData})
	if err != nil {
		return nil, fmt.Errorf("host: %w", err)
	}
	return &Engine{e}, nil
}

// Close frees the engine. It is an error while stores are open.
func (e *Engine) Close() error {
	if err := e.core.Close(); err != nil {
		return fmt.Errorf("host: %w", err)
	}
	return nil
}

// Component is a compiled component: validated, with machine code for its
// core modules. It is immutable and safe for concurrent use.
type Component struct {
	engine *Engine
	rt     rt.Component
}

// InvalidError says that bytes are not a component this host can run. It wraps
// the reason.
type InvalidError struct{ Err error }

// Error implements error. The text is cut if it is very long, and safe for a
// terminal: parts of it come from the component.
func (e *InvalidError) Error() string { return "host: invalid component: " + message(e.Err.Error()) }

// Unwrap returns the reason.
func (e *InvalidError) Unwrap() error { return e.Err }

// Compile decodes, validates and compiles a component in the binary format.
// What is wrong with it is an *InvalidError. ctx is looked at between modules.
func (e *Engine) Compile(ctx context.Context, wasm []byte) (*Component, error) {
	syntax, err := binary.Decode(wasm)
	if err != nil {
		return nil, &InvalidError{err}
	}
	plan, err := types.Validate(syntax)
	if err != nil {
		return nil, &InvalidError{err}
	}
	c := &Component{engine: e, rt: rt.Component{Plan: plan, Modules: map[*types.StepModule]core.Module{}}}
	if err := c.compileModules(ctx, plan); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (c *Component) compileModules(ctx context.Context, plan *types.Component) error {
	for _, st := range plan.Steps {
		switch st := st.(type) {
		case *types.StepModule:
			if err := ctx.Err(); err != nil {
				return fmt.Errorf("host: compile: %w", err)
			}
			if err := c.compileModule(st); err != nil {
				return &InvalidError{err}
			}
		case *types.StepBuiltin:
			if m := rt.HelperOf(st); m != nil && c.rt.Modules[m] == nil {
				if err := c.compileModule(m); err != nil {
					return fmt.Errorf("host: %w", err)
				}
			}
		case *types.StepComponent:
			if err := c.compileModules(ctx, st.Component); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Component) compileModule(st *types.StepModule) error {
	m, err := c.engine.core.Compile(st.Bytes)
	if err == nil {
		c.rt.Modules[st] = m
	}
	return err
}

// Close frees the component's machine code once no store uses it any more. It
// cannot be instantiated from then on. It is idempotent.
func (c *Component) Close() error {
	for _, m := range c.rt.Modules {
		m.Close()
	}
	return nil
}

var errForeign = errors.New("host: component and store are of different engines")
