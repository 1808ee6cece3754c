package platform

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// background is a program that outlives the command that started it: its
// process id, the file of the program and its output are in a folder, so that
// any later command finds and stops it, and nothing else.
type background struct {
	folder, name string
}

func (b background) pidFile() string { return filepath.Join(b.folder, b.name+".pid") }
func (b background) logFile() string { return filepath.Join(b.folder, b.name+".log") }

// start runs the program in a session of its own. One that already runs is
// stopped first, so that the new arguments hold.
func (b background) start(ctx context.Context, program string, args ...string) error {
	if err := b.stop(ctx); err != nil {
		return err
	}
	output, err := os.Create(b.logFile())
	if err != nil {
		return fmt.Errorf("starting %s: %w", b.name, err)
	}
	defer output.Close()
	command := exec.Command(program, args...) // not bound to ctx: it outlives the caller
	command.Stdout, command.Stderr = output, output
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := command.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", b.name, err)
	}
	record := fmt.Sprintf("%d\n%s\n", command.Process.Pid, program)
	if err := os.WriteFile(b.pidFile(), []byte(record), 0o644); err != nil {
		_ = command.Process.Kill()
		return fmt.Errorf("starting %s: noting its process id: %w", b.name, err)
	}
	go func() { _ = command.Wait() }() // leaves no zombie while the caller lives
	return nil
}

// running gives the process id if the recorded process still is the program
// that was started: ids are used again, and a stranger's must not be ended.
func (b background) running() (pid int, ok bool) {
	record, err := os.ReadFile(b.pidFile())
	if err != nil {
		return 0, false
	}
	lines := strings.Split(string(record), "\n")
	pid, err = strconv.Atoi(lines[0])
	if err != nil || len(lines) < 2 {
		return 0, false
	}
	arguments, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil || !strings.HasPrefix(string(arguments), lines[1]+"\x00") {
		return 0, false
	}
	return pid, true
}

// stop asks the program to end, waits, and insists after a while.
func (b background) stop(ctx context.Context) error {
	pid, ok := b.running()
	if ok {
		if err := syscall.Kill(pid, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("stopping %s (process %d): %w", b.name, pid, err)
		}
		patience, cancel := context.WithTimeout(ctx, 30*time.Second)
		defer cancel()
		err := WaitUntil(patience, func(string) {}, func(context.Context) (bool, string) {
			_, still := b.running()
			return !still, b.name + " to end"
		})
		if err != nil {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	if err := os.Remove(b.pidFile()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("stopping %s: %w", b.name, err)
	}
	return nil
}
