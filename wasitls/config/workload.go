package config

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/wasitls/wasitls/wasitls/secret"
)

// Bounds of what a workload names, in bytes.
const (
	// MaxValue bounds a value of the environment or the configuration.
	MaxValue = 1 << 20
	// MaxSecret bounds a secret, and a file with several.
	MaxSecret = MaxKey
)

// Workload is what a guest is given. All values are kept out of sight: those
// that are not secret today may be tomorrow.
type Workload struct {
	// Env are variables of the environment, in the order of the file.
	Env []Setting
	// Config are configuration values: a guest finds them by their keys in
	// wasi:config/store, and in its environment by VariableName.
	Config []Setting
	// Secrets are by the names under which the section tls may use them. No
	// guest sees them unless Env or Config has them too.
	Secrets map[string]secret.Value
}

// Setting is a value by its name.
type Setting struct {
	Name  string
	Value secret.Value
}

// Variables returns the whole environment: Env, then Config by VariableName.
func (w *Workload) Variables() []Setting {
	all := append([]Setting{}, w.Env...)
	for _, c := range w.Config {
		all = append(all, Setting{VariableName(c.Name), c.Value})
	}
	return all
}

// VariableName returns the name of the environment variable that has the value
// of a configuration key: in upper case, with _ for all but letters and digits.
func VariableName(key string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z':
			return r - 'a' + 'A'
		case 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
			return r
		}
		return '_'
	}, key)
}

// isVariable tells whether a variable may have that name, which is one of the
// portable names of POSIX (XBD 8.1), here in either case.
func isVariable(name string) bool {
	return isName(name) && !strings.ContainsAny(name, "-.") && (name[0] < '0' || name[0] > '9')
}

// workload decodes the section workload.
func (d *decoder) workload(n node) *Workload {
	w := &Workload{Secrets: map[string]secret.Value{}}
	var env, config, secrets node
	note := func(where *node) func(node) { return func(n node) { *where = n } }
	d.object(n, fields{"env": note(&env), "config": note(&config), "secrets": note(&secrets)})
	if secrets.yaml != nil { // first, the others use them
		d.secrets(secrets, w)
	}
	from := map[string]string{} // the field that a variable is from
	if env.yaml != nil {
		w.Env = d.settings(env, w, func(name string, key node) {
			if !isVariable(name) {
				d.fail(key, "no name of a variable: letters, digits and _, not beginning with a digit")
			}
			from[name] = key.path
		})
	}
	if config.yaml != nil {
		w.Config = d.settings(config, w, func(name string, key node) {
			v := VariableName(name)
			switch other, taken := from[v]; {
			case !isVariable(v):
				d.fail(key, "begins with a digit, and so would its variable %s", v)
			case taken:
				d.fail(key, "its variable %s is that of %s", v, other)
			}
			from[v] = key.path
		})
	}
	return w
}

// settings decodes values by their names, which check looks at.
func (d *decoder) settings(n node, w *Workload, check func(name string, key node)) []Setting {
	var all []Setting
	d.each(n, func(name string, key, value node) {
		check(name, key)
		value.private = true
		if !d.stated(value) {
			return
		}
		if v, ok := d.setting(value, w); ok {
			all = append(all, Setting{name, v})
		}
	})
	return all
}

// setting decodes a value that a guest gets: a text, or where it is. What is
// from a file or a secret loses the end of line that editors add.
func (d *decoder) setting(n node, w *Workload) (secret.Value, bool) {
	if n.yaml.Kind == scalar {
		return d.guestText(n, secret.New([]byte(n.yaml.Value)))
	}
	var value secret.Value
	var found bool
	ok := d.one(n, fields{
		"env": func(n node) {
			if name, ok := d.text(n); ok {
				var text string
				if text, found = d.options.LookupEnv(name); !found {
					d.fail(n, "the variable is not set here")
				}
				value = secret.New([]byte(text))
			}
		},
		"file": func(n node) {
			if name, ok := d.text(n); ok {
				text, err := d.project.read(name, MaxValue, anybody)
				if found = err == nil; !found {
					d.fail(n, "%w", err)
				}
				value = trimmed(secret.New(text))
			}
		},
		"secret": func(n node) {
			if name, ok := d.text(n); ok {
				if value, found = w.secret(name); !found && !d.failed("workload.secrets."+name) {
					d.fail(n, "the section workload has no such secret")
				}
				value = trimmed(value)
			}
		},
	})
	if !ok || !found {
		return secret.Value{}, false
	}
	return d.guestText(n, value)
}

// guestText refuses what a guest cannot be given.
func (d *decoder) guestText(n node, v secret.Value) (secret.Value, bool) {
	b := v.Reveal()
	switch {
	case !utf8.Valid(b), bytes.IndexByte(b, 0) >= 0:
		d.fail(n, "the value is not text: it must be UTF-8, without NUL")
	case len(b) > MaxValue:
		d.fail(n, "the value is larger than %d bytes", MaxValue)
	default:
		return v, true
	}
	return secret.Value{}, false
}

// one decodes an object that has exactly one of some fields.
func (d *decoder) one(n node, f fields) bool {
	if !d.object(n, f) || d.failed(n.path) {
		return false
	}
	if len(n.yaml.Content) != 2 {
		d.fail(n, "has one of %s", f.names())
		return false
	}
	return true
}
