package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

// reportsPerScript is how many visitors with a name in each script there are.
const reportsPerScript = 5

// scripts are visitors' names whose letters are in fonts of their own.
func scripts() [][2]string {
	return [][2]string{{"Ada", "Visitor"}, {"小明", "王"}, {"محمد", "علي"}, {"अनुष्का", "शर्मा"}}
}

// afterReports lets a process send reports and looks at its memory when it is at rest again.
func afterReports(ctx context.Context, s site, program string) (found memory, err error) {
	sink, err := listenForMails(ctx)
	if err != nil {
		return memory{}, err
	}
	defer sink.listener.Close()
	restore, err := s.sendTo(sink.listener.Addr().(*net.TCPAddr).Port)
	if err != nil {
		return memory{}, err
	}
	defer func() { err = errors.Join(err, restore()) }()
	p, err := start(ctx, s, program)
	if err != nil {
		return memory{}, err
	}
	defer func() { err = errors.Join(err, p.end()) }()
	visitors, err := s.visitors("https://" + p.public)
	if err != nil {
		return memory{}, err
	}
	client := visitors.newClient(false)
	defer client.CloseIdleConnections()
	for range reportsPerScript {
		for _, name := range scripts() {
			if err := visitors.postNamed(ctx, client, name[0], name[1]); err != nil {
				return memory{}, err
			}
		}
	}
	for range 2 * reportsPerScript * len(scripts()) { // a report and a confirmation of each
		select {
		case <-sink.taken:
		case <-time.After(time.Minute):
			return memory{}, errors.New("halo-server did not send its mails within a minute")
		case <-ctx.Done():
			return memory{}, ctx.Err()
		}
	}
	time.Sleep(restAfterReports)
	return memoryOf(p.command.Process.Pid)
}

// sendTo lets processes that start from now on send to a relay on this port, which has no TLS; restore undoes it.
func (s site) sendTo(port int) (restore func() error, err error) {
	path := s.path("config", "config.yaml")
	before, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	changed := strings.Replace(string(before), "port: 9, tls: required", fmt.Sprintf("port: %d, tls: opportunistic", port), 1)
	return func() error { return os.WriteFile(path, before, 0o600) }, os.WriteFile(path, []byte(changed), 0o600)
}

// sink is a relay that takes every mail and keeps none.
type sink struct {
	listener net.Listener
	taken    chan struct{} // something for each mail
}

func listenForMails(ctx context.Context) (*sink, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("opening the relay's port: %w", err)
	}
	s := &sink{listener, make(chan struct{}, 1000)}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return // closed
			}
			go s.take(connection)
		}
	}()
	return s, nil
}

// take is one SMTP session (RFC 5321).
func (s *sink) take(connection net.Conn) {
	defer connection.Close()
	lines := bufio.NewScanner(connection)
	say := func(text string) { _, _ = fmt.Fprint(connection, text+"\r\n") }
	say("220 relay")
	for lines.Scan() {
		switch command, _, _ := strings.Cut(strings.ToUpper(lines.Text()), " "); command {
		case "DATA":
			say("354 go on")
			for lines.Scan() && lines.Text() != "." {
			}
			say("250 taken")
			s.taken <- struct{}{}
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}
