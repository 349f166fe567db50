package config

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/wasitls/wasitls/wasitls/config/internal/git"
)

// project is the folder of the configuration: what a workload names is in it.
type project struct {
	dir   string
	found map[string]content // what has been read, by its name and readers
}

type content struct {
	text []byte
	err  error
}

// read reads a regular file of at most max bytes in the project. One for its
// owner must be closed to others and kept out of git. Errors do not name a file
// that may not be there: it could be a secret in the wrong place.
func (p *project) read(name string, max int64, who readers) ([]byte, error) {
	key := fmt.Sprint(who, name)
	c, ok := p.found[key]
	if !ok {
		c.text, c.err = p.readOnce(name, max, who)
		p.found[key] = c
	}
	return c.text, c.err
}

func (p *project) readOnce(name string, max int64, who readers) ([]byte, error) {
	if filepath.IsAbs(name) || slices.Contains(strings.Split(filepath.ToSlash(name), "/"), "..") {
		return nil, errOutside
	}
	root, err := os.OpenRoot(p.dir)
	if err != nil {
		return nil, withoutPath(err)
	}
	defer root.Close()
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	switch cause := withoutPath(err); {
	case err == nil:
	case !isErrno(cause): // it is os.Root's own
		return nil, errOutside
	default:
		return nil, cause
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, withoutPath(err)
	case !info.Mode().IsRegular():
		return nil, errors.New("not a regular file")
	}
	if who == owner {
		if err := p.checkIgnored(name); err != nil {
			return nil, err
		}
	}
	return readOpen(f, max, who)
}

var errOutside = errors.New("it must be in the folder of this file, without .. and without links that lead out")

func isErrno(err error) bool {
	var errno syscall.Errno
	return errors.As(err, &errno)
}

// checkIgnored refuses a file that git would take into a commit. It is there.
func (p *project) checkIgnored(name string) error {
	dir, err := filepath.Abs(p.dir)
	if err != nil {
		return err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return withoutPath(err)
	}
	file, err := filepath.EvalSymlinks(filepath.Join(dir, name))
	if err != nil {
		return withoutPath(err)
	}
	inside, err := filepath.Rel(dir, file)
	if err != nil || !filepath.IsLocal(inside) {
		return errOutside
	}
	err = git.Ignored(context.Background(), file)
	switch line := git.Pattern(inside); {
	case errors.Is(err, git.ErrTracked):
		return fmt.Errorf("%w: add the line %s to .gitignore in the folder of this file, run git rm --cached %s, and replace the secret", err, line, inside)
	case errors.Is(err, git.ErrNotIgnored):
		return fmt.Errorf("%w: add the line %s to .gitignore in the folder of this file", err, line)
	}
	return err
}
