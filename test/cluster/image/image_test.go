package image

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// program writes a file that stands for a program.
func program(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "halo-server")
	if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func assemble(t *testing.T, path string) v1.Image {
	t.Helper()
	assembled, err := Assemble(path)
	if err != nil {
		t.Fatal(err)
	}
	return assembled
}

func TestAnImageHoldsTheProgramAndNoShell(t *testing.T) {
	assembled := assemble(t, program(t, "content"))
	layers, err := assembled.Layers()
	if err != nil || len(layers) != 1 {
		t.Fatalf("%d layers, error %v", len(layers), err)
	}
	content, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	var names []string
	for reader := tar.NewReader(content); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, header.Name)
		if header.Name == "halo-server" && header.Mode != 0o755 || header.Name == "tmp/" && header.Mode != 0o1777 {
			t.Errorf("%s has mode %o", header.Name, header.Mode)
		}
	}
	if want := []string{"tmp/", "etc/", "etc/passwd", "halo-server"}; !slices.Equal(names, want) {
		t.Errorf("files %q, want %q", names, want)
	}
	configuration, err := assembled.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if got := configuration.Config; got.User != "65532:65532" || !slices.Equal(got.Entrypoint, []string{"/halo-server"}) {
		t.Errorf("user %q, entrypoint %q", got.User, got.Entrypoint)
	}
	if configuration.OS != "linux" || configuration.Architecture == "" {
		t.Errorf("platform %s/%s", configuration.OS, configuration.Architecture)
	}
}

func TestTheTagFollowsTheContentAndNothingElse(t *testing.T) {
	tag := func(content string) string {
		t.Helper()
		got, err := ContentTag(assemble(t, program(t, content)))
		if err != nil || len(got) != 12 {
			t.Fatalf("tag %q, error %v", got, err)
		}
		return got
	}
	if first, again := tag("a"), tag("a"); first != again {
		t.Error("equal programs have different tags")
	}
	if tag("a") == tag("b") {
		t.Error("different programs have one tag")
	}
}

func TestSeveralImagesGoIntoOneFile(t *testing.T) {
	one, two := assemble(t, program(t, "one")), assemble(t, program(t, "two"))
	file := filepath.Join(t.TempDir(), "images.tar")
	if err := Write(file, map[string]v1.Image{"halo.local/one:dev": one, "halo.local/two:dev": two}); err != nil {
		t.Fatal(err)
	}
	for reference, want := range map[string]v1.Image{"halo.local/one:dev": one, "halo.local/two:dev": two} {
		tag, err := name.NewTag(reference)
		if err != nil {
			t.Fatal(err)
		}
		read, err := tarball.ImageFromPath(file, &tag)
		if err != nil {
			t.Fatal(err)
		}
		got, err := read.ConfigName()
		if err != nil {
			t.Fatal(err)
		}
		if wanted, _ := want.ConfigName(); got != wanted {
			t.Errorf("%s is %s, want %s", reference, got, wanted)
		}
	}
	if left, err := filepath.Glob(file + "?*"); err != nil || len(left) > 0 {
		t.Errorf("left beside: %v", left)
	}
}

func TestAReferenceWithoutATagIsRefused(t *testing.T) {
	err := Write(filepath.Join(t.TempDir(), "x.tar"), map[string]v1.Image{"halo-server": assemble(t, program(t, "x"))})
	if err == nil {
		t.Error("no error")
	}
}

func TestAProgramThatIsNotThereIsAnError(t *testing.T) {
	if _, err := Assemble(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

func TestProgramsAreBuiltStaticAndAnErrorShowsTheCompilersWords(t *testing.T) {
	folder := t.TempDir()
	if err := Build(t.Context(), folder, []string{"halo.dev/halo/test/cluster/pause"}); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(folder, "pause"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(content), "ld-linux") {
		t.Error("the program needs a dynamic loader")
	}
	err = Build(t.Context(), folder, []string{"halo.dev/halo/no/such/program"})
	if err == nil || !strings.Contains(err.Error(), "no/such/program") {
		t.Errorf("error %v", err)
	}
}
