package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	starts = 5
	// rest is how long a pod was at rest before it is looked at.
	rest = 8 * time.Second
	// restAfterReports is how long after the last report.
	restAfterReports = 30 * time.Second
)

// memory is what the kernel says of a process, in MB.
type memory struct{ resident, own float64 }

// processes starts halo-server as a pod does, and looks at how soon it is ready
// and what it takes at rest.
func processes(ctx context.Context, s site) error {
	program := s.path("halo-server")
	if output, err := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", program, "./cmd/halo-server").CombinedOutput(); err != nil {
		return fmt.Errorf("building halo-server: %w: %s", err, output)
	}
	fastest, slowest := time.Hour, time.Duration(0)
	for range starts {
		took, _, err := runOnce(ctx, s, program, 0)
		if err != nil {
			return err
		}
		fastest, slowest = min(fastest, took), max(slowest, took)
	}
	_, off, err := runOnce(ctx, s, program, rest)
	if err != nil {
		return err
	}
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	defer collector.Close()
	_, on, err := runOnce(ctx, s, program, rest, "OTEL_EXPORTER_OTLP_ENDPOINT="+collector.URL, "OTEL_METRIC_EXPORT_INTERVAL=1000")
	if err != nil {
		return err
	}
	reported, err := afterReports(ctx, s, program)
	if err != nil {
		return err
	}
	fmt.Println("| halo-server as a process | |\n|---|---|")
	fmt.Printf("| ready after its start, of %d starts | %.0f to %.0f ms |\n", starts, milliseconds(fastest), milliseconds(slowest))
	fmt.Printf("| memory at rest | %.1f MB, of which %.1f are its own and the rest is its file |\n", off.resident, off.own)
	fmt.Printf("| memory at rest, sending metrics and spans | %.1f MB, of which %.1f are its own |\n", on.resident, on.own)
	fmt.Printf("| memory at rest after %d reports, with names in Latin, Chinese, Arabic and Devanagari letters | %.1f MB, of which %.1f are its own |\n\n",
		reportsPerScript*len(scripts()), reported.resident, reported.own)
	return nil
}

// runOnce starts a process, waits until it is ready, lets it rest and ends it.
func runOnce(ctx context.Context, s site, program string, rest time.Duration, environment ...string) (ready time.Duration, found memory, err error) {
	p, err := start(ctx, s, program, environment...)
	if err != nil {
		return 0, memory{}, err
	}
	defer func() { err = errors.Join(err, p.end()) }()
	if rest > 0 {
		time.Sleep(rest)
		found, err = memoryOf(p.command.Process.Pid)
	}
	return p.ready, found, err
}

// process is a halo-server that is ready.
type process struct {
	command *exec.Cmd
	public  string // host:port
	ready   time.Duration
}

func (p *process) end() error {
	_ = p.command.Process.Signal(syscall.SIGTERM)
	return p.command.Wait()
}

// start starts a process and waits until it is ready.
func start(ctx context.Context, s site, program string, environment ...string) (*process, error) {
	public, health, err := freePorts()
	if err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, program, append(s.serveArguments(), "--listen", public, "--health-listen", health)...)
	command.Env = append(os.Environ(), environment...)
	command.Stderr = os.Stderr
	begin := time.Now()
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("starting halo-server: %w", err)
	}
	p := &process{command: command, public: public}
	for !isReady(ctx, health) {
		if time.Since(begin) > 30*time.Second {
			return nil, errors.Join(errors.New("halo-server is not ready after 30 s"), p.end())
		}
		time.Sleep(time.Millisecond)
	}
	p.ready = time.Since(begin)
	return p, nil
}

func isReady(ctx context.Context, health string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+health+"/readyz", http.NoBody)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// freePorts finds two; somebody could take them before halo-server does, and
// the run would end with that.
func freePorts() (first, second string, err error) {
	for _, into := range []*string{&first, &second} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return "", "", fmt.Errorf("looking for a free port: %w", err)
		}
		defer listener.Close()
		*into = listener.Addr().String()
	}
	return first, second, nil
}

func memoryOf(pid int) (memory, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return memory{}, fmt.Errorf("reading the process's memory: %w", err)
	}
	value := func(name string) float64 {
		for line := range strings.SplitSeq(string(text), "\n") {
			if rest, ok := strings.CutPrefix(line, name+":"); ok {
				kilobytes, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
				return kilobytes * 1024 / 1e6
			}
		}
		return 0
	}
	return memory{resident: value("VmRSS"), own: value("RssAnon")}, nil
}
