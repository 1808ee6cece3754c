package mariadb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	startLimit = 90 * time.Second
	stopLimit  = 60 * time.Second
	poll       = 25 * time.Millisecond
)

// Process is a running server, started here or found running.
type Process struct {
	pid        int
	optionFile string
	ended      chan struct{} // closed when a child of ours has ended; nil for one that was found
}

// Start writes the server's options, starts it and waits until it answers its administrator.
func Start(ctx context.Context, server Server) (*Process, error) {
	if err := server.write(); err != nil {
		return nil, err
	}
	log, err := os.OpenFile(server.logFile(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the server's log: %w", err)
	}
	defer log.Close()
	command := exec.Command("mariadbd", "--defaults-file="+server.optionFile())
	if server.Namespace != "" && !server.Maintenance {
		// `ip` becomes mariadbd, so the process ID stays.
		command = exec.Command("ip", "netns", "exec", server.Namespace, "mariadbd", "--defaults-file="+server.optionFile())
	}
	command.Stdout, command.Stderr = log, log
	// A group of its own: an interrupt from the terminal is for us, and we stop the servers in order.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start mariadbd: %w", err)
	}
	process := &Process{pid: command.Process.Pid, optionFile: server.optionFile(), ended: make(chan struct{})}
	go func() {
		defer close(process.ended)
		_ = command.Wait() // how it ended is in its log; that it ended is what callers ask
	}()
	if err := process.waitUntilReady(ctx, server); err != nil {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopLimit)
		defer cancel()
		return nil, errors.Join(err, process.Stop(stopping))
	}
	return process, nil
}

func (p *Process) waitUntilReady(ctx context.Context, server Server) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	database, err := Administrator(server.Socket)
	if err != nil {
		return err
	}
	defer func() { _ = database.Close() }()
	for {
		if err := database.PingContext(ctx); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for mariadbd to answer: %w", ctx.Err())
		case <-p.ended:
			return fmt.Errorf("mariadbd ended while it started: %s", lastError(server.logFile()))
		case <-time.After(poll):
		}
	}
}

// lastError picks the last lines of a log that are errors.
func lastError(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return "and it left no log"
	}
	var found []string
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, "[ERROR]") {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return strings.Join(found[max(0, len(found)-4):], "; ")
}

// Adopt finds a server that already runs with these options' file, as one does after its starter ended without it.
func Adopt(server Server) (*Process, bool) {
	text, err := os.ReadFile(server.pidFile())
	if err != nil {
		return nil, false
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || pid <= 1 {
		return nil, false
	}
	process := &Process{pid: pid, optionFile: server.optionFile()}
	return process, process.Alive()
}

// Alive says whether the process runs and is still this server: process IDs are used again.
func (p *Process) Alive() bool {
	select {
	case <-p.ended:
		return false
	default:
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.pid))
	return err == nil && strings.Contains(string(text), "--defaults-file="+p.optionFile+"\x00")
}

// PID is the process's number.
func (p *Process) PID() int { return p.pid }

// Stop asks the server to end, which it does when everything is on disk, and waits until it is gone with its locks.
func (p *Process) Stop(ctx context.Context) error {
	if p.Alive() {
		if err := syscall.Kill(p.pid, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("stop mariadbd (process %d): %w", p.pid, err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, stopLimit)
	defer cancel()
	for !p.gone() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for mariadbd (process %d) to end: %w", p.pid, ctx.Err())
		case <-time.After(poll):
		}
	}
	return nil
}

// gone is stricter than not alive: a process that ends loses its command line before its files and its locks.
func (p *Process) gone() bool {
	if p.ended != nil {
		select {
		case <-p.ended:
			return true
		default:
			return false
		}
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.pid))
	if err != nil {
		return true
	}
	_, state, _ := strings.Cut(string(text), ") ")
	return strings.HasPrefix(state, "Z") || (!p.Alive() && !strings.Contains(string(text), "(mariadbd)"))
}
