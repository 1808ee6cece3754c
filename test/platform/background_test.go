package platform

import (
	"os"
	"strconv"
	"testing"
)

func TestABackgroundProgramIsFoundAndStoppedByALaterCommand(t *testing.T) {
	folder := t.TempDir()
	if err := (background{folder, "sleeper"}).start(t.Context(), "/bin/sleep", "300"); err != nil {
		t.Fatal(err)
	}
	later := background{folder, "sleeper"}
	pid, ok := later.running()
	if !ok {
		t.Fatal("the program was started but is not found")
	}
	if err := later.stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat("/proc/" + strconv.Itoa(pid) + "/exe"); err == nil {
		t.Errorf("process %d still runs", pid)
	}
	if err := later.stop(t.Context()); err != nil {
		t.Errorf("stopping what has stopped: %v", err)
	}
}

func TestAStrangersProcessIsNeverTakenForOurs(t *testing.T) {
	b := background{t.TempDir(), "sleeper"}
	record := strconv.Itoa(os.Getpid()) + "\n/bin/sleep\n" // an id that was given to another program meanwhile
	if err := os.WriteFile(b.pidFile(), []byte(record), 0o600); err != nil {
		t.Fatal(err)
	}
	if pid, ok := b.running(); ok {
		t.Fatalf("process %d is this test, not the sleeper", pid)
	}
	if err := b.stop(t.Context()); err != nil { // must not end this test
		t.Fatal(err)
	}
}
