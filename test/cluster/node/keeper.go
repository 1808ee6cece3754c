package node

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// restartPause is the time between a daemon's end and its next start.
const restartPause = time.Second

// keeper starts processes and collects every process that ends: its own, and
// the orphans that the kernel gives to the first process of a namespace.
// os/exec would wait for each of its own, but nobody would for the orphans, so
// one loop waits for all.
type keeper struct {
	mutex   sync.Mutex
	waiting map[int]chan unix.WaitStatus
	signals chan os.Signal
	done    chan struct{}
}

func newKeeper() *keeper {
	k := &keeper{
		waiting: map[int]chan unix.WaitStatus{},
		signals: make(chan os.Signal, 1),
		done:    make(chan struct{}),
	}
	signal.Notify(k.signals, unix.SIGCHLD)
	go func() {
		defer close(k.done)
		for range k.signals {
			k.collect()
		}
	}()
	return k
}

// stop ends the collecting; the processes are left to the kernel.
func (k *keeper) stop() {
	signal.Stop(k.signals)
	close(k.signals)
	<-k.done
}

// collect takes every process that has ended; one signal may stand for many.
func (k *keeper) collect() {
	k.mutex.Lock() // held, so that none ends between its start and its entry
	defer k.mutex.Unlock()
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, unix.WNOHANG, nil)
		if pid <= 0 || err != nil {
			return
		}
		if ended, ours := k.waiting[pid]; ours {
			ended <- status
			delete(k.waiting, pid)
		}
	}
}

// start begins a process that writes to the file; the channel tells its end.
func (k *keeper) start(command []string, output *os.File) (<-chan unix.WaitStatus, error) {
	program, err := exec.LookPath(command[0])
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", command[0], err)
	}
	nothing, err := os.Open(os.DevNull)
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", command[0], err)
	}
	defer nothing.Close()
	k.mutex.Lock()
	defer k.mutex.Unlock()
	process, err := os.StartProcess(program, command, &os.ProcAttr{Files: []*os.File{nothing, output, output}, Env: os.Environ()})
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", command[0], err)
	}
	ended := make(chan unix.WaitStatus, 1)
	k.waiting[process.Pid] = ended
	_ = process.Release() // collect waits for it
	return ended, nil
}

// keep runs the daemon again and again until the context ends.
func (k *keeper) keep(ctx context.Context, one daemon, logFile string) {
	output, err := os.OpenFile(logFile, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		slog.Error("cannot write its log", "daemon", one.name, "error", err)
		return
	}
	defer output.Close()
	for ctx.Err() == nil {
		ended, err := k.start(one.command, output)
		if err != nil {
			slog.Error("not started", "daemon", one.name, "error", err)
		} else {
			slog.Info("started", "daemon", one.name)
			select {
			case <-ctx.Done():
				return
			case status := <-ended:
				slog.Error("ended; it is started again", "daemon", one.name, "status", status.ExitStatus(), "signal", status.Signal().String())
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(restartPause):
		}
	}
}
