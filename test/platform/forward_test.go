package platform

import (
	"context"
	"io"
	"net"
	"strings"
	"testing"
)

func TestForwardPassesBothDirectionsAndEndsWithItsContext(t *testing.T) {
	target, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	go func() {
		connection, err := target.Accept()
		if err != nil {
			return
		}
		defer connection.Close()
		asked, _ := io.ReadAll(connection) // until the other side has said all
		_, _ = io.WriteString(connection, strings.ToUpper(string(asked)))
	}()
	entrance, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Forward(ctx, entrance, target.Addr().String()) }()

	client, err := net.Dial("tcp", entrance.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := io.WriteString(client, "hello"); err != nil {
		t.Fatal(err)
	}
	if err := client.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(client)
	if err != nil || string(answer) != "HELLO" {
		t.Fatalf("answer %q, %v; want HELLO", answer, err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if _, err := net.Dial("tcp", entrance.Addr().String()); err == nil {
		t.Error("the entrance still accepts after its context has ended")
	}
}

func TestForwardClosesTheVisitorWhenTheTargetIsAway(t *testing.T) {
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := gone.Addr().String()
	_ = gone.Close()
	entrance, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- Forward(ctx, entrance, address) }()
	client, err := net.Dial("tcp", entrance.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if read, err := client.Read(make([]byte, 1)); read != 0 || err == nil {
		t.Errorf("read %d bytes, %v; want an end", read, err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}
