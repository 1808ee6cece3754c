package networkpolicy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// announceTimeout bounds one announcement: the pod was just created, so the
// enforcer will hear of it at once or not at all.
const announceTimeout = 10 * time.Second

// call is what the plugin sends over the socket, as one JSON value: that a pod
// was given an address, or has given it back.
type call struct {
	Namespace string     `json:"namespace"`
	Name      string     `json:"name"`
	UID       types.UID  `json:"uid"`
	Address   netip.Addr `json:"address"`
	Released  bool       `json:"released,omitempty"`
}

// answer is what it gets.
type answer struct {
	Error string `json:"error,omitempty"`
}

// listen serves announcements until the context ends.
func (e *Enforcer) listen(ctx context.Context, socket string) error {
	if err := os.Remove(socket); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("listening for announcements: %w", err)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "unix", socket)
	if err != nil {
		return fmt.Errorf("listening for announcements: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = listener.Close() })
	defer stop()
	for {
		connection, err := listener.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("listening for announcements: %w", err)
		}
		go e.serve(ctx, connection)
	}
}

// serve handles the one announcement of a connection.
func (e *Enforcer) serve(ctx context.Context, connection net.Conn) {
	defer connection.Close()
	_ = connection.SetDeadline(time.Now().Add(announceTimeout + time.Second)) // fails on a closed connection only
	ctx, cancel := context.WithTimeout(ctx, announceTimeout)
	defer cancel()
	var said call
	err := json.NewDecoder(connection).Decode(&said)
	if err == nil {
		err = e.take(ctx, said)
	}
	var reply answer
	if err != nil {
		reply.Error = err.Error()
		slog.Error("announcement refused", "pod", said.Namespace+"/"+said.Name, "error", err)
	}
	if err := json.NewEncoder(connection).Encode(reply); err != nil {
		slog.Error("announcement not answered", "error", err)
	}
}

// take returns when the rules of the announced pod are in the kernel.
func (e *Enforcer) take(ctx context.Context, said call) error {
	if !said.Released {
		if err := e.waitForPod(ctx, said); err != nil {
			return err
		}
	}
	applied := make(chan error, 1)
	select {
	case e.announcements <- announcement{said, applied}:
	case <-ctx.Done():
		return fmt.Errorf("handing over the announcement: %w", ctx.Err())
	}
	select {
	case err := <-applied:
		return err
	case <-ctx.Done():
		return fmt.Errorf("waiting for the rules: %w", ctx.Err())
	}
}

// waitForPod returns when the informer knows the pod: its labels decide which
// policies are its.
func (e *Enforcer) waitForPod(ctx context.Context, said call) error {
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		pod, err := e.pods.Pods(said.Namespace).Get(said.Name)
		if err == nil && pod.UID == said.UID {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for pod %s/%s to be known: %w", said.Namespace, said.Name, ctx.Err())
		case <-ticker.C:
		}
	}
}

// announce tells the enforcer and waits for its answer.
func announce(ctx context.Context, socket string, said call) error {
	connection, err := (&net.Dialer{}).DialContext(ctx, "unix", socket)
	if err != nil {
		return fmt.Errorf("reaching the enforcer: %w", err)
	}
	defer connection.Close()
	deadline := time.Now().Add(announceTimeout + 2*time.Second)
	if err := connection.SetDeadline(deadline); err != nil {
		return fmt.Errorf("reaching the enforcer: %w", err)
	}
	if err := json.NewEncoder(connection).Encode(said); err != nil {
		return fmt.Errorf("announcing a pod: %w", err)
	}
	var reply answer
	if err := json.NewDecoder(connection).Decode(&reply); err != nil {
		return fmt.Errorf("announcing a pod: %w", err)
	}
	if reply.Error != "" {
		return fmt.Errorf("the enforcer refused: %s", reply.Error)
	}
	return nil
}
