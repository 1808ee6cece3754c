package widget_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"halo.dev/halo/internal/widget"
	"halo.dev/halo/internal/widget/bundle"
)

func TestTheCommittedBundleIsWhatTheSourcesGive(t *testing.T) {
	built, err := bundle.Build("src")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(built, widget.Newest().Text) {
		t.Error("dist/widget.js is not what src gives: run go generate ./internal/widget")
	}
}

func TestTheBundleIsSmall(t *testing.T) {
	const most = 12 << 10
	var packed bytes.Buffer
	writer, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := writer.Write(widget.Newest().Text); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes, %d by gzip", len(widget.Newest().Text), packed.Len())
	if packed.Len() > most {
		t.Errorf("%d bytes by gzip, %d at most", packed.Len(), most)
	}
}

func TestTheBundleKeepsNothingInTheBrowserAndMakesNoMarkup(t *testing.T) {
	for _, forbidden := range []string{
		"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(", "cookie", "localStorage",
		"sessionStorage", "indexedDB", "sourceMappingURL",
	} {
		if bytes.Contains(widget.Newest().Text, []byte(forbidden)) {
			t.Errorf("the bundle has %s", forbidden)
		}
	}
}

func TestHashAndIntegrityNameTheScript(t *testing.T) {
	newest := widget.Newest()
	if !regexp.MustCompile(`^[0-9a-f]{16}$`).MatchString(newest.Hash) {
		t.Errorf("hash %q", newest.Hash)
	}
	sum := sha512.Sum384(newest.Text)
	if want := "sha384-" + base64.StdEncoding.EncodeToString(sum[:]); newest.Integrity != want {
		t.Errorf("integrity %q, want %q", newest.Integrity, want)
	}
	newest.Text[0]++
	if got := widget.Newest(); got.Integrity != newest.Integrity || got.Hash != newest.Hash {
		t.Error("a caller changed the embedded script")
	}
}

func TestReleasedScriptsAreAsTheyWere(t *testing.T) {
	files, err := filepath.Glob("dist/released/*.js")
	if err != nil {
		t.Fatal(err)
	}
	released := widget.Released()
	if len(released) != len(files) {
		t.Errorf("%d files, %d versions", len(files), len(released))
	}
	for i, version := range released {
		if want := version.Hash + ".js"; filepath.Base(files[i]) != want {
			t.Errorf("%s has the hash %s: a released script was changed", files[i], version.Hash)
		}
	}
}

func TestABrokenSourceIsNamedWithItsLine(t *testing.T) {
	for _, test := range []struct{ name, file, text, want string }{
		{"a script", "main.ts", "const a = 1;\nconst = 2;", "main.ts:2"},
		{"a style sheet that is not there", "main.ts", `import style from "./gone.css"; console.log(style);`, "gone.css"},
		{"no entry at all", "other.ts", "", "main.ts"},
	} {
		t.Run(test.name, func(t *testing.T) {
			folder := t.TempDir()
			if err := os.WriteFile(filepath.Join(folder, test.file), []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := bundle.Build(folder); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}
