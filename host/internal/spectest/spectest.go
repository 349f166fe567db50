// Package spectest runs component-model tests that were converted to data: a
// folder a chapter, a JSON file of commands for each script, and the
// components beside it.
package spectest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/wasitls/wasitls/host"
)

// Status is the outcome of a command.
type Status int

// Outcomes of commands.
const (
	Pass Status = iota
	Fail
	Skip
)

// Outcome is the outcome of one command of a script.
type Outcome struct {
	Chapter string // folder, such as "values"
	Script  string // file without extension
	Line    int    // in the script the file was converted from
	Type    string // of the command
	Status  Status
	// Detail says why a command failed or was skipped.
	Detail string
}

// ID names the command in expectation files: chapter/script:line.
func (o Outcome) ID() string { return fmt.Sprintf("%s/%s:%d", o.Chapter, o.Script, o.Line) }

type script struct {
	Commands []command `json:"commands"`
}

type command struct {
	Type      string     `json:"type"`
	Line      int        `json:"line"`
	Name      string     `json:"name"`
	Filename  string     `json:"filename"`
	TextError string     `json:"text_error"`
	Instance  string     `json:"instance"`
	Of        string     `json:"of"`
	Action    *action    `json:"action"`
	Expected  []value    `json:"expected"`
	Component *component `json:"component"`
	Text      string     `json:"text"`
}

type component struct {
	Filename  string `json:"filename"`
	TextError string `json:"text_error"`
}

type action struct {
	Instance *string `json:"instance"`
	Field    string  `json:"field"`
	Args     []value `json:"args"`
}

// Run runs every script below dir; skip names chapters that are not run, and
// why.
func Run(ctx context.Context, dir string, skip map[string]string) ([]Outcome, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*", "*.json"))
	if err != nil {
		return nil, err
	}
	eng, err := host.NewEngine(host.Config{})
	if err != nil {
		return nil, err
	}
	defer eng.Close()
	var out []Outcome
	for _, f := range files {
		chapter := filepath.Base(filepath.Dir(f))
		o, err := runScript(ctx, eng, f, chapter, skip[chapter])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f, err)
		}
		out = append(out, o...)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no component-model tests in %s: want CHAPTER/NAME.json", dir)
	}
	return out, nil
}

func runScript(ctx context.Context, eng *host.Engine, file, chapter, skip string) ([]Outcome, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var s script
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, err
	}
	r := &runner{
		ctx: ctx, engine: eng, dir: filepath.Dir(file),
		components: map[string]*host.Component{}, instances: map[string]*host.Instance{},
	}
	defer r.close()
	var out []Outcome
	for _, c := range s.Commands {
		o := Outcome{Chapter: chapter, Script: strings.TrimSuffix(filepath.Base(file), ".json"), Line: c.Line, Type: c.Type}
		var err error
		if skip == "" {
			err = r.guarded(&c)
		} else {
			err = skipError(skip)
		}
		var skipped skipError
		switch {
		case errors.As(err, &skipped):
			o.Status, o.Detail = Skip, string(skipped)
		case err != nil:
			o.Status, o.Detail = Fail, err.Error()
		}
		out = append(out, o)
	}
	return out, nil
}

// skipError is why a command cannot be run at all.
type skipError string

func (e skipError) Error() string { return string(e) }

const errNoBinary = skipError("text format: there is no binary form of this case")

// runner runs the commands of one script.
type runner struct {
	ctx        context.Context
	engine     *host.Engine
	dir        string
	components map[string]*host.Component
	instances  map[string]*host.Instance
	latestComp *host.Component
	latest     *host.Instance
	noBinary   bool // the latest component has no binary form
	stores     []*host.Store
	compiled   []*host.Component
}

func (r *runner) close() {
	for _, s := range r.stores {
		s.Close()
	}
	for _, c := range r.compiled {
		c.Close()
	}
}

// commandTimeout bounds one command: none of them needs a second.
const commandTimeout = 20 * time.Second

func (r *runner) guarded(c *command) error {
	outer := r.ctx
	ctx, cancel := context.WithTimeout(outer, commandTimeout)
	defer cancel()
	r.ctx = ctx
	defer func() { r.ctx = outer }()
	return r.command(c)
}

func (r *runner) command(c *command) error {
	if c.TextError != "" || c.Component != nil && c.Component.TextError != "" {
		r.noBinary, r.latest = true, nil
		return errNoBinary
	}
	switch c.Type {
	case "component_definition":
		return r.define(c)
	case "component":
		if err := r.define(c); err != nil {
			return err
		}
		return r.instantiate(r.latestComp, c.Name)
	case "component_instance":
		comp := r.latestComp
		if c.Of != "" {
			comp = r.components[c.Of]
		}
		if comp == nil {
			return fmt.Errorf("no component %q", c.Of)
		}
		return r.instantiate(comp, c.Instance)
	case "assert_return", "invoke":
		return r.assertReturn(c)
	case "assert_trap":
		return r.assertTrap(c)
	case "assert_invalid", "assert_malformed":
		return r.assertRejected(c)
	}
	return fmt.Errorf("unknown command %q", c.Type)
}

func (r *runner) compile(filename string) (*host.Component, error) {
	b, err := os.ReadFile(filepath.Join(r.dir, filename))
	if err != nil {
		return nil, err
	}
	c, err := r.engine.Compile(r.ctx, b)
	if err == nil {
		r.compiled = append(r.compiled, c)
	}
	return c, err
}

func (r *runner) define(c *command) error {
	comp, err := r.compile(c.Filename)
	if err != nil {
		return err
	}
	r.latestComp, r.noBinary = comp, false
	if c.Name != "" {
		r.components[c.Name] = comp
	}
	return nil
}

func (r *runner) instantiate(c *host.Component, name string) error {
	s, err := r.engine.NewStore(host.Limits{})
	if err != nil {
		return err
	}
	r.stores = append(r.stores, s)
	in, err := host.NewLinker().Instantiate(r.ctx, s, c)
	if err != nil {
		return err
	}
	r.latest = in
	if name != "" {
		r.instances[name] = in
	}
	return nil
}

func (r *runner) invoke(a *action) (host.Value, error) {
	in := r.latest
	if a.Instance != nil {
		in = r.instances[*a.Instance]
	}
	if in == nil && r.noBinary {
		return nil, errNoBinary
	}
	if in == nil {
		return nil, errors.New("no instance to call")
	}
	args := make([]host.Value, len(a.Args))
	for i, v := range a.Args {
		var err error
		if args[i], err = v.decode(); err != nil {
			return nil, err
		}
	}
	return in.Call(r.ctx, "", a.Field, args...)
}

func (r *runner) assertReturn(c *command) error {
	got, err := r.invoke(c.Action)
	if err != nil {
		return err
	}
	if c.Type == "invoke" {
		return nil
	}
	if len(c.Expected) == 0 {
		if got != nil {
			return fmt.Errorf("got %v, want no result", got)
		}
		return nil
	}
	return c.Expected[0].match(got)
}

// assertTrap wants a trap, and a message about the right thing.
func (r *runner) assertTrap(c *command) error {
	var err error
	if c.Action != nil {
		_, err = r.invoke(c.Action)
	} else {
		var comp *host.Component
		if comp, err = r.compile(c.Component.Filename); err != nil {
			return fmt.Errorf("before the trap: %w", err)
		}
		err = r.instantiate(comp, "")
	}
	if err == nil {
		return fmt.Errorf("no trap, want %q", c.Text)
	}
	var trap *host.Trap
	if !errors.As(err, &trap) {
		return fmt.Errorf("error is no trap: %w", err)
	}
	return matchText(err, c.Text)
}

func (r *runner) assertRejected(c *command) error {
	_, err := r.compile(c.Component.Filename)
	if err == nil {
		return fmt.Errorf("accepted, want %q", c.Text)
	}
	var invalid *host.InvalidError
	if !errors.As(err, &invalid) {
		return fmt.Errorf("not refused as invalid: %w", err)
	}
	return nil
}
