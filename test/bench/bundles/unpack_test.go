package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"strings"
	"testing"
)

// archive packs files as npm does.
func archive(t *testing.T, files map[string]string) *bytes.Buffer {
	t.Helper()
	var into bytes.Buffer
	zipped := gzip.NewWriter(&into)
	packed := tar.NewWriter(zipped)
	for name, content := range files {
		if err := packed.WriteHeader(&tar.Header{Name: "package/" + name, Mode: 0o600, Size: int64(len(content))}); err != nil {
			t.Fatal(err)
		}
		if _, err := packed.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if packed.Close() != nil || zipped.Close() != nil {
		t.Fatal("the archive cannot be closed")
	}
	return &into
}

func TestAPackagesFilesAreAddedUp(t *testing.T) {
	files := map[string]string{"package.json": `{"version": "1.2.3"}`, "a.js": strings.Repeat("a", 1000), "b.css": "b", "other.js": strings.Repeat("c", 99)}
	a, _ := compressed([]byte(files["a.js"]))
	b, _ := compressed([]byte(files["b.css"]))
	if version, size, err := unpackFrom(archive(t, files), []string{"a.js", "b.css"}); err != nil || version != "1.2.3" || size != a+b {
		t.Errorf("%s %d %v, want %d", version, size, err, a+b)
	}
	if _, _, err := unpackFrom(archive(t, files), []string{"a.js", "moved.js"}); err == nil || !strings.Contains(err.Error(), "version 1.2.3 has no moved.js") {
		t.Errorf("a file that is not there: %v", err)
	}
	if _, _, err := unpackFrom(strings.NewReader("no archive"), nil); err == nil {
		t.Error("what is no archive counts")
	}
}

func TestWithoutNpmItSaysSo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	var out bytes.Buffer
	if err := run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); strings.Count(text, "not measured: npm does not bring") != 3 || !strings.Contains(text, "| HALO, with everything | this one | ") {
		t.Errorf("it says\n%s", text)
	}
}
