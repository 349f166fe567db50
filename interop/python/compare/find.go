package compare

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/wasitls/wasitls/interop/internal/stored"
)

// Find fills in what c lacks: a native Python, the guest and its library, which
// are unpacked from the folder guests into dir, and the packages, which are
// installed once into the user's cache directory.
func (c *Config) Find(ctx context.Context, guests, dir string) (err error) {
	if c.Command, err = filepath.Abs(c.Command); err != nil {
		return err
	}
	if err := c.findNative(ctx); err != nil {
		return err
	}
	if err := c.unpackGuest(guests, dir); err != nil {
		return err
	}
	return c.install(ctx)
}

func (c *Config) unpackGuest(guests, dir string) error {
	c.Guest, c.Library = filepath.Join(dir, "python.wasm"), filepath.Join(dir, "lib", "python313.zip")
	if err := os.MkdirAll(filepath.Dir(c.Library), 0o755); err != nil {
		return err
	}
	for _, to := range []string{c.Guest, c.Library} {
		if err := stored.Unpack(filepath.Join(guests, filepath.Base(to)+".gz"), to); err != nil {
			return err
		}
	}
	return nil
}

// minor is the version of the guest's Python. Another one raises other exceptions
// here and there, and would not be the same packages either.
const minor = "3.13"

// findNative looks for a Python of the guest's version: the one named, else one in
// PATH, else one that pyenv has.
func (c *Config) findNative(ctx context.Context) error {
	candidates := []string{c.Native}
	if c.Native == "" {
		candidates = []string{"python" + minor}
		if home, err := os.UserHomeDir(); err == nil {
			found, _ := filepath.Glob(filepath.Join(home, ".pyenv", "versions", minor+".*", "bin", "python"+minor))
			candidates = append(candidates, found...)
		}
	}
	for _, name := range candidates {
		out, err := exec.CommandContext(ctx, name, "-c", "import ssl, sys; print(*sys.version_info[:2], sep='.'); print(sys.executable)").Output()
		version, path, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
		if err == nil && version == minor {
			c.Native = path
			return nil
		}
	}
	return fmt.Errorf("%w among %s", ErrNoPython, strings.Join(candidates, ", "))
}

// ErrNoPython is the error if there is no native Python to compare with.
var ErrNoPython = errors.New("no Python " + minor + " with ssl")
