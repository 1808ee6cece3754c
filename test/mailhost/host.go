package mailhost

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"halo.dev/halo/test/authority"
)

const (
	// Port is where mail is submitted.
	Port = 587
	// masterProgram is Postfix's first process on Debian.
	masterProgram = "/usr/lib/postfix/sbin/master"
	// startTimeout and stopTimeout are far more than Postfix needs.
	startTimeout = 20 * time.Second
	stopTimeout  = 10 * time.Second
)

// Options describe one mail host.
type Options struct {
	// Folder holds everything that it writes: an absolute path, one folder for
	// each host.
	Folder string
	// Address is where it listens. It must exist in the namespace.
	Address netip.Addr
	// HostName is its name in its certificate.
	HostName string
	// Namespace is the named network namespace it lives in; "" is the caller's.
	Namespace string
	// Username and Password are the one account that may submit mail.
	Username, Password string
}

// Host is a mail host that was started, now or by an earlier process.
type Host struct{ options Options }

// Attach gives the host of an earlier Start with the same folder.
func Attach(options Options) *Host { return &Host{options} }

// Start runs a mail host and returns when it takes connections. It goes on
// until Stop, also when the calling process ends. A host that already runs in
// the folder is stopped first; delivered mail and the authority stay.
func Start(ctx context.Context, options Options) (*Host, error) {
	h := &Host{options}
	if !filepath.IsAbs(options.Folder) {
		return nil, fmt.Errorf("the mail host's folder %q must be an absolute path", options.Folder)
	}
	if err := h.Stop(ctx); err != nil {
		return nil, err
	}
	if err := h.prepare(ctx); err != nil {
		return nil, err
	}
	command := []string{masterProgram, "-c", h.path("etc")}
	if options.Namespace != "" {
		command = append([]string{"ip", "netns", "exec", options.Namespace}, command...)
	}
	// It goes to the background by itself and leaves its pid in a file; with -w
	// the command ends when it is ready.
	if err := execute(ctx, "", append(command, "-w")...); err != nil {
		return nil, fmt.Errorf("starting the mail host: %w", errors.Join(err, h.complaint()))
	}
	return h, nil
}

// prepare writes everything that Postfix reads.
func (h *Host) prepare(ctx context.Context) error {
	mailUser, mailGroup, err := prepareFolders(h.options.Folder)
	if err != nil {
		return err
	}
	files, err := renderConfiguration(settings{h.options, mailUser, mailGroup})
	if err != nil {
		return err
	}
	for name, content := range files {
		if err := os.WriteFile(h.path(name), []byte(content), 0o644); err != nil {
			return fmt.Errorf("writing the mail host's configuration: %w", err)
		}
		// Postfix waits some seconds for a file that was changed just now.
		if err := os.Chtimes(h.path(name), time.Time{}, time.Now().Add(-time.Minute)); err != nil {
			return fmt.Errorf("writing the mail host's configuration: %w", err)
		}
	}
	if err := h.issueCertificate(); err != nil {
		return err
	}
	accounts := h.path("etc", "sasl", "sasldb2")
	// The password goes by standard input; arguments can be read by everybody.
	err = execute(ctx, h.options.Password, "saslpasswd2", "-c", "-p", "-f", accounts, "-u", h.options.HostName, h.options.Username)
	if err != nil {
		return fmt.Errorf("creating the mail account: %w", err)
	}
	postfix, err := user.Lookup("postfix")
	if err != nil {
		return fmt.Errorf("finding Postfix's user: %w", err)
	}
	if err := chown(accounts, postfix); err != nil {
		return err
	}
	return os.Chmod(accounts, 0o600)
}

// issueCertificate makes the authority and the certificate once for the folder.
func (h *Host) issueCertificate() error {
	if _, err := os.Stat(h.path("tls", "server.key")); err == nil {
		return nil
	}
	if err := os.MkdirAll(h.path("tls"), 0o700); err != nil {
		return fmt.Errorf("creating the mail host's certificate: %w", err)
	}
	own, err := authority.New("mail host")
	if err != nil {
		return err
	}
	server, err := own.Issue(authority.Leaf{
		CommonName: "mail host", Usage: x509.ExtKeyUsageServerAuth, DNSNames: []string{h.options.HostName},
	})
	if err != nil {
		return err
	}
	files := []struct {
		name    string
		content []byte
	}{{"ca.crt", own.Pair().Certificate}, {"server.crt", server.Certificate}, {"server.key", server.Key}}
	for _, file := range files { // the key last: with it the folder is complete
		if err := os.WriteFile(h.path("tls", file.name), file.content, 0o600); err != nil {
			return fmt.Errorf("creating the mail host's certificate: %w", err)
		}
	}
	return nil
}

// Authority gives the certificate, in PEM, by which clients verify the host.
func (h *Host) Authority() ([]byte, error) {
	certificate, err := os.ReadFile(h.path("tls", "ca.crt"))
	if err != nil {
		return nil, fmt.Errorf("reading the mail host's authority: %w", err)
	}
	return certificate, nil
}

// Endpoint is the host's name and port, for clients whose DNS knows the name.
func (h *Host) Endpoint() string { return net.JoinHostPort(h.options.HostName, strconv.Itoa(Port)) }

// Stop ends the host and keeps its folder. One that does not run is no error.
func (h *Host) Stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for asked := false; ; asked = true {
		pid, err := h.master()
		if err != nil || pid == 0 {
			return err
		}
		if !asked {
			if err := syscall.Kill(pid, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
				return fmt.Errorf("stopping the mail host: %w", err)
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("stopping the mail host: process %d: %w", pid, ctx.Err())
		case <-ticker.C:
		}
	}
}

// master gives the process id of the running host, 0 when none runs. A process
// that merely has the number of an ended one is not taken for it.
func (h *Host) master() (int, error) {
	content, err := os.ReadFile(h.path("queue", "pid", "master.pid"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("looking for the mail host: %w", err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil {
		return 0, fmt.Errorf("looking for the mail host: its pid file: %w", err)
	}
	arguments, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline")) // none when it has ended
	if !bytes.Contains(arguments, []byte(masterProgram+"\x00-c\x00"+h.path("etc")+"\x00")) {
		return 0, nil
	}
	return pid, nil
}

// complaint is what Postfix wrote when it did not start.
func (h *Host) complaint() error {
	content, _ := os.ReadFile(h.path("mail.log")) // it may not have come so far
	if len(content) == 0 {
		return nil
	}
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	return errors.New(strings.Join(lines[max(0, len(lines)-5):], "\n"))
}

func (h *Host) path(elements ...string) string {
	return filepath.Join(append([]string{h.options.Folder}, elements...)...)
}

// execute runs a command with the input; an error carries what it said.
func execute(ctx context.Context, input string, command ...string) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	process := exec.CommandContext(ctx, command[0], command[1:]...)
	process.Stdin = strings.NewReader(input)
	process.WaitDelay = time.Second
	if output, err := process.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", command[0], err, bytes.TrimSpace(output))
	}
	return nil
}

func chown(path string, owner *user.User) error {
	uid, err := strconv.Atoi(owner.Uid)
	if err != nil {
		return fmt.Errorf("giving %s to %s: %w", filepath.Base(path), owner.Username, err)
	}
	gid, err := strconv.Atoi(owner.Gid)
	if err != nil {
		return fmt.Errorf("giving %s to %s: %w", filepath.Base(path), owner.Username, err)
	}
	if err := os.Chown(path, uid, gid); err != nil {
		return fmt.Errorf("giving %s to %s: %w", filepath.Base(path), owner.Username, err)
	}
	return nil
}
