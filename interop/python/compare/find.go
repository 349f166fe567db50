package compare

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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
	c.Site, err = c.install(ctx)
	return err
}

func (c *Config) unpackGuest(guests, dir string) error {
	c.Guest, c.Library = filepath.Join(dir, "python.wasm"), filepath.Join(dir, "lib", "python313.zip")
	if err := os.MkdirAll(filepath.Dir(c.Library), 0o755); err != nil {
		return err
	}
	for _, to := range []string{c.Guest, c.Library} {
		if err := unpack(filepath.Join(guests, filepath.Base(to)+".gz"), to); err != nil {
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

func unpack(packed, to string) error {
	in, err := os.Open(packed)
	if err != nil {
		return err
	}
	defer in.Close()
	r, err := gzip.NewReader(in)
	if err != nil {
		return fmt.Errorf("%s: %w", packed, err)
	}
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer out.Close()
	if _, err := io.Copy(out, r); err != nil {
		return fmt.Errorf("%s: %w", packed, err)
	}
	return out.Close()
}

// install returns a folder with the packages of requirements.txt, as the guest's
// version of Python wants them. The folder's name has their digest, so that it is
// made once for each list.
func (c *Config) install(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	list, err := files.ReadFile("requirements.txt")
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(list)
	site := filepath.Join(cache, "wasitls", "python", hex.EncodeToString(sum[:8]))
	if _, err := os.Stat(site); err == nil {
		return site, nil
	}
	if err := os.MkdirAll(filepath.Dir(site), 0o755); err != nil {
		return "", err
	}
	made, err := os.MkdirTemp(filepath.Dir(site), "making-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(made)
	requirements := filepath.Join(made, "requirements.txt")
	if err := os.WriteFile(requirements, list, 0o644); err != nil {
		return "", err
	}
	// Extension modules of packages are for Linux on amd64 and stay unused: both
	// sides run what is Python in them.
	pip := exec.CommandContext(ctx, c.Native, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
		"--require-hashes", "--no-deps", "--only-binary=:all:", "--no-compile", "--target", filepath.Join(made, "site"),
		"--python-version="+minor, "--implementation=cp", "--abi=cp313", "--abi=abi3", "--abi=none",
		"--platform=manylinux_2_28_x86_64", "--platform=manylinux_2_17_x86_64", "--platform=any", "-r", requirements)
	if out, err := pip.CombinedOutput(); err != nil {
		return "", fmt.Errorf("pip install: %w\n%s", err, tail(string(out)))
	}
	if err := c.compile(ctx, filepath.Join(made, "site")); err != nil {
		return "", err
	}
	if err := os.Rename(filepath.Join(made, "site"), site); err != nil {
		if _, other := os.Stat(site); other == nil { // somebody else was faster
			return site, nil
		}
		return "", err
	}
	return site, nil
}

// compile has the guest compile packages, so that importing them takes less time.
func (c *Config) compile(ctx context.Context, site string) error {
	cmd := exec.Command(c.Command, "run", "--experimental-tls", "--dir="+filepath.Dir(c.Library)+"::/usr/lib:ro",
		"--dir="+site+"::/site", c.Guest, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", "/site")
	if _, errs, err := output(ctx, cmd, 2*scriptLimit); err != nil {
		return fmt.Errorf("compileall: %w\n%s", err, tail(errs))
	}
	return nil
}
