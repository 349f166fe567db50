package project

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestEveryPackageHasAComment(t *testing.T) {
	for _, p := range listed(t) {
		has := false
		for _, f := range sources(t, p) {
			has = has || f.Doc != nil && strings.TrimSpace(f.Doc.Text()) != ""
		}
		if !has {
			t.Errorf("%s has no package comment", p.path())
		}
	}
}

// wantDocumented is the share, of a hundred, of exported names with a comment.
const wantDocumented = 95

func TestExportedNamesAreDocumented(t *testing.T) {
	all, bare := 0, []string{}
	for _, p := range listed(t) {
		if p.Name == "main" || strings.Contains("/"+p.path()+"/", "/internal/") {
			continue
		}
		for _, f := range sources(t, p) {
			for _, d := range f.Decls {
				n, missing := undocumented(d)
				all += n
				for _, name := range missing {
					bare = append(bare, p.path()+"."+name)
				}
			}
		}
	}
	if all == 0 {
		t.Fatal("found no exported names")
	}
	if share := 100 * (all - len(bare)) / all; share < wantDocumented {
		t.Errorf("%d of %d exported names have a comment (%d%%); these have none: %s", all-len(bare), all, share, strings.Join(bare, ", "))
	}
}

// sources parses a package's files, without its tests.
func sources(t *testing.T, p pkg) []*ast.File {
	t.Helper()
	var files []*ast.File
	set := token.NewFileSet()
	for _, name := range slices.Concat(p.GoFiles, p.CgoFiles) {
		f, err := parser.ParseFile(set, filepath.Join(p.Dir, name), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

// undocumented returns how many exported names a declaration has, and those
// without a comment. A comment on a group covers its constants and variables.
func undocumented(d ast.Decl) (all int, bare []string) {
	count := func(name string, documented bool) {
		if !ast.IsExported(name) {
			return
		}
		all++
		if !documented {
			bare = append(bare, name)
		}
	}
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil || ast.IsExported(receiver(d.Recv.List[0].Type)) {
			count(d.Name.Name, d.Doc != nil)
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				count(s.Name.Name, s.Doc != nil || d.Doc != nil)
			case *ast.ValueSpec:
				for _, n := range s.Names {
					count(n.Name, s.Doc != nil || s.Comment != nil || d.Doc != nil)
				}
			}
		}
	}
	return all, bare
}

// receiver returns the name of a method's type.
func receiver(x ast.Expr) string {
	switch x := x.(type) {
	case *ast.StarExpr:
		return receiver(x.X)
	case *ast.IndexExpr:
		return receiver(x.X)
	case *ast.IndexListExpr:
		return receiver(x.X)
	case *ast.Ident:
		return x.Name
	}
	return ""
}
