package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAMachineThatWillNotDoIsToldWhatWill(t *testing.T) {
	const debian = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\n"
	for _, test := range []struct {
		name, release string
		user          int
		want          []string // none: it will do
	}{
		{"root on Debian", debian, 0, nil},
		{"a user on Debian", debian, 1000, []string{"not root: run as root or sudo make", "CLUSTER=current"}},
		{"another system", "ID=\"fedora\"\n", 0, []string{"not Debian", "fedora", "CLUSTER=current"}},
		{"one that is like Debian", "ID=ubuntu\nID_LIKE=debian\n", 0, []string{"not Debian", "ubuntu"}},
		{"no system at all", "", 0, []string{"not Debian"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := judgeMachine(test.release, test.user)
			if (err == nil) != (test.want == nil) {
				t.Fatalf("error %v", err)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
					t.Errorf("%q is not one line that says %q", err, want)
				}
			}
		})
	}
}

func TestOnlyInstalledPackagesCount(t *testing.T) {
	got := installedPackages("runc installed\nnftables config-files\nchromium not-installed\n")
	if !got["runc"] || got["nftables"] || got["chromium"] || len(got) != 1 {
		t.Errorf("got %v", got)
	}
}

func TestEveryTargetAsksForWhatItNeeds(t *testing.T) {
	names := func(parts ...string) string {
		t.Helper()
		_, programs, err := choose(parts)
		if err != nil {
			t.Fatal(err)
		}
		return programNames(programs)
	}
	if got := names("demo"); got != "kube, coredns, helm" {
		t.Errorf("demo: %s", got)
	}
	if got := names("kube", "helm"); got != "kube, helm" {
		t.Errorf("two programs: %s", got)
	}
	if got := len(strings.Split(names("test"), ", ")); got != len(everyProgram()) {
		t.Errorf("test: %d programs of %d", got, len(everyProgram()))
	}
	packages, programs, err := choose([]string{"packages"})
	if err != nil || len(programs) != 0 || len(packages) == 0 {
		t.Errorf("packages: %v, %v, %v", packages, programs, err)
	}
	for _, wrong := range [][]string{nil, {"kubernetes"}} {
		if _, _, err := choose(wrong); !errors.Is(err, errUsage) {
			t.Errorf("%v: error %v", wrong, err)
		}
	}
}

// repository is a folder that holds a module of a program.
func repository(t *testing.T, source string) string {
	t.Helper()
	root := t.TempDir()
	files := map[string]string{
		"module/go.mod": "module example.test/tiny\n\ngo 1.26\n", "module/main.go": source, "module/main_test.go": "package main\n",
	}
	for name, content := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

const source = "package main\n\nfunc main() { println(\"tiny\") }\n"

var tiny = program{name: "tiny", folder: "module", packagePath: ".", flags: []string{"-trimpath"}}

func keyOf(t *testing.T, one program, root string) string {
	t.Helper()
	key, err := one.key(root)
	if err != nil || len(key) != 12 {
		t.Fatalf("key %q, error %v", key, err)
	}
	return key
}

func TestAKeyFollowsSourcesAndFlagsAlone(t *testing.T) {
	root := repository(t, source)
	before := keyOf(t, tiny, root)
	if keyOf(t, tiny, repository(t, source)) != before {
		t.Error("another folder gives another key")
	}
	if err := os.WriteFile(filepath.Join(root, "module", "main_test.go"), []byte("package main // changed\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if keyOf(t, tiny, root) != before {
		t.Error("a test gives another key")
	}
	if keyOf(t, tiny, repository(t, source+"// changed\n")) == before {
		t.Error("another source gives the same key")
	}
	flags := tiny
	flags.flags = []string{"-trimpath", "-race"}
	if keyOf(t, flags, root) == before {
		t.Error("other flags give the same key")
	}
	pinned, newer := program{name: "x", packagePath: "a.example/x@v1"}, program{name: "x", packagePath: "a.example/x@v2"}
	if keyOf(t, pinned, root) == keyOf(t, newer, root) {
		t.Error("another version gives the same key")
	}
}

func TestAScriptIsKnownByItsLock(t *testing.T) {
	root, script := t.TempDir(), program{name: "script", folder: ".", script: "node_modules/script.js"}
	lock := func(integrity string) string {
		t.Helper()
		if err := os.WriteFile(filepath.Join(root, "package-lock.json"), []byte(integrity), 0o644); err != nil {
			t.Fatal(err)
		}
		return keyOf(t, script, root)
	}
	if lock("sha512-one") == lock("sha512-two") {
		t.Error("another lock gives the same key")
	}
}

func TestWhatIsBuiltIsNotBuiltAgain(t *testing.T) {
	root, c := repository(t, source), cache{t.TempDir()}
	steps, err := plan(c, root, nil, []program{tiny})
	if err != nil || len(steps) != 1 {
		t.Fatalf("%d steps, error %v", len(steps), err)
	}
	leftover := filepath.Join(c.folder, "unfinished-1")
	if err := os.Mkdir(leftover, 0o755); err != nil {
		t.Fatal(err)
	}
	unlock, err := c.lock()
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	if _, err := os.Stat(leftover); err == nil {
		t.Error("what a killed run left is still there")
	}
	if err := carryOut(t.Context(), c, steps); err != nil {
		t.Fatal(err)
	}
	if information, err := os.Stat(filepath.Join(c.bin(), "tiny")); err != nil || information.Mode()&0o111 == 0 {
		t.Errorf("no program behind the link: %v", err)
	}
	if steps, err = plan(c, root, nil, []program{tiny}); err != nil || len(steps) != 0 {
		t.Errorf("%d steps the second time, error %v", len(steps), err)
	}
}

func TestABuildThatFailsShowsWhyAndLeavesNothingThatLooksBuilt(t *testing.T) {
	root, c := repository(t, "package main\n\nfunc main() { undefinedThing() }\n"), cache{t.TempDir()}
	steps, err := plan(c, root, nil, []program{tiny})
	if err != nil {
		t.Fatal(err)
	}
	err = carryOut(t.Context(), c, steps)
	if err == nil || !strings.Contains(err.Error(), "undefinedThing") || !strings.Contains(err.Error(), "tiny.log") {
		t.Errorf("error %v", err)
	}
	if steps, err = plan(c, root, nil, []program{tiny}); err != nil || len(steps) != 1 {
		t.Errorf("%d steps after a failure, error %v", len(steps), err)
	}
}

func TestAnInterruptedRunSaysThatTheNextGoesOn(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	first := step{name: "first", do: func(ctx context.Context, _ *os.File) error {
		interrupt()
		<-ctx.Done()
		return ctx.Err()
	}}
	second := step{name: "second", do: func(context.Context, *os.File) error {
		t.Error("it went on")
		return nil
	}}
	err := carryOut(ctx, cache{t.TempDir()}, []step{first, second})
	if err == nil || !strings.Contains(err.Error(), "interrupted during first") {
		t.Errorf("error %v", err)
	}
}

func TestKubeIsLinkedUnderEveryNameThatTheTestsLookFor(t *testing.T) {
	c := cache{t.TempDir()}
	one := program{name: "kube"}
	place := c.place(one, "0123456789ab")
	if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(place, []byte("kube"), 0o755); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second finds the links
		if err := c.link(one, "0123456789ab"); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{"bin/kube", "bin/kubectl", "assets/etcd", "assets/kube-apiserver", "assets/kubectl"} {
		if content, err := os.ReadFile(filepath.Join(c.folder, path)); err != nil || string(content) != "kube" {
			t.Errorf("%s: %q, error %v", path, content, err)
		}
	}
}

func TestProgressIsOneLineOnATerminalAndLinesElsewhere(t *testing.T) {
	for terminal, want := range map[bool]string{
		true:  "\r\x1b[K[1/1] kube: x …\r\x1b[K[1/1] kube: x done, 0s\n",
		false: "[1/1] kube: x …\n[1/1] kube: x done, 0s\n",
	} {
		var output bytes.Buffer
		newDisplay(&output, terminal, "[1/1] kube: x").finish(true)
		if output.String() != want {
			t.Errorf("terminal %t: %q, want %q", terminal, output.String(), want)
		}
	}
}

func TestTheTailOfALogIsItsEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, []byte(strings.Repeat("early\n", 100)+strings.Repeat("late\n", tailLines)), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := tail(path); strings.Contains(got, "early") || strings.Count(got, "late") != tailLines {
		t.Errorf("got %q", got)
	}
	if got := tail(path + "-none"); got != "" {
		t.Errorf("no log: %q", got)
	}
}

func TestACacheThatCannotBeMadeIsAnError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := (cache{filepath.Join(file, "cache")}).lock(); err == nil || errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}
