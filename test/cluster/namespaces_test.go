package cluster

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// TestTheCallerNeverMovesIn enters a namespace so often and at once that the
// process's first thread is asked to do it too.
func TestTheCallerNeverMovesIn(t *testing.T) {
	const name = "halo-test-namespace"
	if err := createNamespace(name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := deleteNamespace(name); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(filepath.Join(namedNamespaces, name)); err == nil {
			t.Error("the name is left")
		}
	})
	var home, there unix.Stat_t
	if err := unix.Stat("/proc/self/ns/net", &home); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			err := inNamespace(name, func() error {
				var its unix.Stat_t
				if err := unix.Stat("/proc/thread-self/ns/net", &its); err != nil || its.Ino == home.Ino {
					t.Errorf("not in the namespace (error %v)", err)
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if err := unix.Stat("/proc/self/ns/net", &there); err != nil || there.Ino != home.Ino {
		t.Errorf("the process has moved (error %v)", err)
	}
}

func TestInhabitantsAreThoseOfTheNamespaceAlone(t *testing.T) {
	const name = "halo-test-inhabitants"
	if err := createNamespace(name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := deleteNamespace(name); err != nil {
			t.Error(err)
		}
	})
	inside, outside := exec.Command("sleep", "60"), exec.Command("sleep", "60")
	if err := inNamespace(name, inside.Start); err != nil {
		t.Fatal(err)
	}
	if err := outside.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, one := range []*exec.Cmd{inside, outside} {
			_ = one.Process.Kill()
			_ = one.Wait()
		}
	})
	found, err := inhabitants(name)
	if err != nil || !slices.Equal(found, []int{inside.Process.Pid}) {
		t.Errorf("found %v, error %v; want %d", found, err, inside.Process.Pid)
	}
	if none, err := inhabitants("halo-test-nobody"); err != nil || len(none) > 0 {
		t.Errorf("no namespace: %v, error %v", none, err)
	}
}

func TestANamespaceThatExistsIsNotTakenOver(t *testing.T) {
	const name = "halo-test-taken"
	if err := createNamespace(name); err != nil {
		t.Fatal(err)
	}
	if err := createNamespace(name); err == nil {
		t.Error("created twice")
	}
	for range 2 {
		if err := deleteNamespace(name); err != nil {
			t.Error(err)
		}
	}
}
