// Package docs checks that the documents name what is there: tests that exist,
// files that exist, and decisions under a number of their own.
package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	namedTest    = regexp.MustCompile("`((?:Test|Fuzz|Benchmark)[A-Z][A-Za-z0-9]*)`")
	declaredTest = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)[A-Z][A-Za-z0-9]*)\(`)
	link         = regexp.MustCompile(`\]\(([^)\s#]+)(?:#[^)]*)?\)`)
)

// A document that promises a test which was renamed or removed promises nothing.
func TestTheTestsThatDocumentsNameExist(t *testing.T) {
	declared := map[string]bool{}
	each(t, "..", "_test.go", func(path, text string) {
		for _, match := range declaredTest.FindAllStringSubmatch(text, -1) {
			declared[match[1]] = true
		}
	})
	named := 0
	each(t, "..", ".md", func(path, text string) {
		for _, match := range namedTest.FindAllStringSubmatch(text, -1) {
			named++
			if !declared[match[1]] {
				t.Errorf("%s names %s, which no file declares", path, match[1])
			}
		}
	})
	if named == 0 {
		t.Error("no document names a test: the pattern no longer fits")
	}
}

func TestLinksLeadToFiles(t *testing.T) {
	links := 0
	each(t, "..", ".md", func(path, text string) {
		for _, match := range link.FindAllStringSubmatch(text, -1) {
			if strings.Contains(match[1], "://") || strings.HasPrefix(match[1], "mailto:") {
				continue
			}
			links++
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), match[1])); err != nil {
				t.Errorf("%s links to %s: %v", path, match[1], err)
			}
		}
	})
	if links == 0 {
		t.Error("no document has a link: the pattern no longer fits")
	}
}

func TestEachDecisionHasANumberOfItsOwnAndItsFourParts(t *testing.T) {
	numbers := map[string]string{}
	each(t, "adr", ".md", func(path, text string) {
		name := filepath.Base(path)
		number, _, _ := strings.Cut(name, "-")
		if other, taken := numbers[number]; taken {
			t.Errorf("%s and %s have one number", other, name)
		}
		numbers[number] = name
		if !strings.HasPrefix(text, "# "+number+": ") {
			t.Errorf("%s does not begin with its number", path)
		}
		for _, part := range []string{"Context", "Options", "Decision", "Consequences"} {
			if !strings.Contains(text, "\n## "+part+"\n") {
				t.Errorf("%s has no %s", path, part)
			}
		}
	})
}

// each gives every file below folder whose name ends so to visit.
func each(t *testing.T, folder, suffix string, visit func(path, text string)) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == ".git" || entry.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(path, suffix) {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		visit(path, string(text))
		return nil
	})
	if err != nil {
		t.Fatalf("read the files below %s: %v", folder, err)
	}
}
