package personal

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

// mayReveal says which folders may take the text out, and what for. Whoever
// adds one answers for it: nothing there may print, log or put into an error
// what it revealed.
var mayReveal = map[string]string{
	"internal/personal": "the type itself",
	"internal/mail":     "the advisor's letter names the visitor; the confirmation goes to the visitor's address",
	"internal/delivery": "the report names the visitor",
	"internal/console":  "an advisor's pages show the advisor's own clients, once the log has noted it",
	"internal/sealing":  "the text is encrypted, and an address becomes its blind index",
}

func TestOnlyTheseFoldersRevealPersonalData(t *testing.T) {
	root := os.DirFS("../..")
	callers := map[string]bool{}
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && name != "." && (strings.HasPrefix(entry.Name(), ".") || slices.Contains([]string{"testdata", "bin", "dist", "node_modules"}, entry.Name())) {
			return fs.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		data, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		if reveals(t, name, data) {
			callers[path.Dir(name)] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !callers["internal/mail"] {
		t.Error("the search finds not even internal/mail")
	}
	for folder := range callers {
		if mayReveal[folder] == "" {
			t.Errorf("%s calls Reveal: pass the personal.Text on, or give the reason in mayReveal", folder)
		}
	}
}

// reveals says whether a file calls a method named Reveal, or takes the Value
// that is for database drivers.
func reveals(t *testing.T, name string, data []byte) (found bool) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, data, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	imports := slices.ContainsFunc(file.Imports, func(i *ast.ImportSpec) bool {
		return strings.HasSuffix(i.Path.Value, `/internal/personal"`)
	})
	ast.Inspect(file, func(node ast.Node) bool {
		selector, is := node.(*ast.SelectorExpr)
		if is && (selector.Sel.Name == "Reveal" || imports && selector.Sel.Name == "Value" && isText(selector)) {
			found = true
		}
		return true
	})
	return found
}

// isText recognises personal.New(…).Value and person.Email.Value, as far as
// names tell.
func isText(selector *ast.SelectorExpr) bool {
	switch of := selector.X.(type) {
	case *ast.SelectorExpr:
		return slices.Contains([]string{"First", "Last", "Email"}, of.Sel.Name)
	case *ast.CallExpr:
		called, is := of.Fun.(*ast.SelectorExpr)
		return is && called.Sel.Name == "New"
	default:
		return false
	}
}

func TestACallOfRevealIsFound(t *testing.T) {
	for source, want := range map[string]bool{
		`package a; func f(t T) { _ = t.Reveal() }`:                                                                    true,
		`package a; func f(t T) { g(t.x.Reveal) }`:                                                                     true,
		`package a; func f(t T) { _ = "t.Reveal()" }`:                                                                  false,
		`package a; func f(t T) { _ = t.Email.Value }`:                                                                 false,
		`package a; import "halo.dev/halo/internal/personal"; func f(t T) { _, _ = t.Email.Value() }`:                  true,
		`package a; import "halo.dev/halo/internal/personal"; func f(t T) { _, _ = t.Choice.Value, personal.New("") }`: false,
	} {
		if got := reveals(t, "a.go", []byte(source)); got != want {
			t.Errorf("%s: found %t, want %t", source, got, want)
		}
	}
}
