package store_test

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"halo.dev/halo/internal/store"
	"halo.dev/halo/test/mariadb"
)

// TestALostPacketOfALookupCostsNoVisit loses both questions of the first lookup. That the server's certificate is found to
// be for another name tells that the second led to the server.
func TestALostPacketOfALookupCostsNoVisit(t *testing.T) {
	names := nameServer(t, 2)
	pool, err := store.Intake(store.Config{
		Host: "database.halo.example.", Port: server.Port, CAFile: server.CAFile, CredentialsDir: mariadb.Credentials(t, "a", "b"),
	}.Asking(&net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", names)
	}}))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = pool.Close() }()
	var otherName x509.HostnameError
	if err := pool.PingContext(t.Context()); !errors.As(err, &otherName) {
		t.Errorf("got %v", err)
	}
}

// nameServer answers every question for an IPv4 address with 127.0.0.1, and every other with nothing, but for the first
// questions, which it loses.
func nameServer(t *testing.T, lost int32) (address string) {
	t.Helper()
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int32
	done := make(chan struct{})
	go func() {
		defer close(done)
		packet := make([]byte, 1500)
		for {
			n, from, err := socket.ReadFrom(packet)
			if err != nil {
				return
			}
			if asked.Add(1) <= lost {
				continue
			}
			if reply, err := answerTo(packet[:n]); err != nil {
				t.Error(err)
			} else if _, err := socket.WriteTo(reply, from); err != nil {
				t.Error(err)
			}
		}
	}()
	t.Cleanup(func() {
		_ = socket.Close()
		<-done
		if n := asked.Load(); n <= lost {
			t.Errorf("the server was asked %d times", n)
		}
	})
	return socket.LocalAddr().String()
}

func answerTo(packet []byte) ([]byte, error) {
	var parser dnsmessage.Parser
	header, err := parser.Start(packet)
	if err != nil {
		return nil, err
	}
	question, err := parser.Question()
	if err != nil {
		return nil, err
	}
	reply := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: header.ID, Response: true, RecursionDesired: header.RecursionDesired, RecursionAvailable: true},
		Questions: []dnsmessage.Question{question},
	}
	if question.Type == dnsmessage.TypeA {
		reply.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: question.Name, Class: question.Class, TTL: 60},
			Body:   &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}},
		}}
	}
	return reply.Pack()
}
