package compare

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/wasitls/wasitls/interop/internal/stored"
)

// Packages from PyPI are kept in the user's cache directory, in a folder for each
// list in packages and each content of it.

// install fills in the folders of packages.
func (c *Config) install(ctx context.Context) (err error) {
	if c.site, err = c.kept("site", func(dir string) error {
		if err := c.pipInstall(ctx, "site", dir); err != nil {
			return err
		}
		return c.compile(ctx, dir)
	}); err != nil {
		return err
	}
	if c.httpbin, err = c.kept("httpbin", func(dir string) error { return c.pipInstall(ctx, "httpbin", dir) }); err != nil {
		return err
	}
	c.suites, err = c.kept("suites", func(dir string) error { return c.sources(ctx, dir) })
	return err
}

// kept returns the folder of a list, made by fill if it is not there.
func (c *Config) kept(list string, fill func(dir string) error) (string, error) {
	text, err := files.ReadFile(listFile(list))
	if err != nil {
		return "", err
	}
	return stored.Folder("python-"+list, text, fill)
}

func listFile(list string) string { return "packages/" + list + ".txt" }

// pip runs pip with one of the lists.
func (c *Config) pip(ctx context.Context, list string, env []string, args ...string) error {
	text, err := files.ReadFile(listFile(list))
	if err != nil {
		return err
	}
	f, err := os.CreateTemp("", "wasitls-*.txt")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if _, err := f.Write(text); err != nil {
		return err
	}
	args = append([]string{"-m", "pip"}, args...)
	pip := exec.CommandContext(ctx, c.Native, append(args, "--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps", "-r", f.Name())...)
	pip.Env = append(os.Environ(), env...)
	if out, err := pip.CombinedOutput(); err != nil {
		return fmt.Errorf("pip, %s: %w\n%s", list, err, tail(string(out)))
	}
	return nil
}

// pipInstall installs a list into dir. Extension modules are for Linux on amd64;
// the guest does without them.
func (c *Config) pipInstall(ctx context.Context, list, dir string) error {
	return c.pip(ctx, list, nil, "install", "--only-binary=:all:", "--no-compile", "--target="+dir,
		"--python-version="+minor, "--implementation=cp", "--abi=cp313", "--abi=abi3", "--abi=none",
		"--platform=manylinux_2_28_x86_64", "--platform=manylinux_2_17_x86_64", "--platform=any")
}

// compile has the guest compile packages, so that importing them takes less time.
func (c *Config) compile(ctx context.Context, site string) error {
	cmd := exec.Command(c.Command, "run", "--experimental-tls", "--dir="+filepath.Dir(c.Library)+"::/usr/lib:ro",
		"--dir="+site+"::/site", c.Guest, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", "/site")
	if _, errs, err := output(ctx, cmd, suiteLimit); err != nil {
		return fmt.Errorf("compileall: %w\n%s", err, tail(errs))
	}
	return nil
}

// sources unpacks source archives into dir. pip wants to know what it downloads,
// and asks the archive's own build tools, which come from a list too.
func (c *Config) sources(ctx context.Context, dir string) error {
	work, err := os.MkdirTemp("", "wasitls-sources-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	tools := filepath.Join(work, "tools")
	if err := c.pipInstall(ctx, "build", tools); err != nil {
		return err
	}
	if err := c.pip(ctx, "suites", []string{"PYTHONPATH=" + tools},
		"download", "--no-binary=:all:", "--no-build-isolation", "--dest="+work); err != nil {
		return err
	}
	archives, err := filepath.Glob(filepath.Join(work, "*.tar.gz"))
	if err != nil {
		return err
	}
	for _, a := range archives {
		if out, err := exec.CommandContext(ctx, "tar", "-C", dir, "-xzf", a).CombinedOutput(); err != nil {
			return fmt.Errorf("tar: %w\n%s", err, out)
		}
	}
	return nil
}
