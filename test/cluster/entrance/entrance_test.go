package entrance

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pires/go-proxyproto"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"halo.dev/halo/test/authority"
)

func pointer[T any](value T) *T { return &value }

func ingress(namespace, name, class, host string, port networkingv1.ServiceBackendPort, age time.Duration) *networkingv1.Ingress {
	return &networkingv1.Ingress{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, CreationTimestamp: metav1.NewTime(time.Unix(1e9, 0).Add(-age))},
		Spec: networkingv1.IngressSpec{
			IngressClassName: &class,
			Rules: []networkingv1.IngressRule{{Host: host, IngressRuleValue: networkingv1.IngressRuleValue{HTTP: &networkingv1.HTTPIngressRuleValue{
				Paths: []networkingv1.HTTPIngressPath{{Backend: networkingv1.IngressBackend{
					Service: &networkingv1.IngressServiceBackend{Name: "server", Port: port},
				}}},
			}}}},
		},
	}
}

func service(namespace string) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "server"},
		Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{{Name: "health", Port: 81}, {Name: "https", Port: 443}}},
	}
}

func slice(namespace string, addresses ...string) *discoveryv1.EndpointSlice {
	one := &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Namespace: namespace, Labels: map[string]string{discoveryv1.LabelServiceName: "server"}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Ports: []discoveryv1.EndpointPort{
			{Name: pointer("health"), Port: pointer(int32(8081))}, {Name: pointer("https"), Port: pointer(int32(8443))},
		},
	}
	for _, address := range addresses {
		ready := !strings.HasPrefix(address, "!")
		one.Endpoints = append(one.Endpoints, discoveryv1.Endpoint{
			Addresses: []string{strings.TrimPrefix(address, "!")}, Conditions: discoveryv1.EndpointConditions{Ready: &ready},
		})
	}
	return one
}

func TestRoutesLeadToReadyPodsOfTheRightTenant(t *testing.T) {
	byName, byNumber := networkingv1.ServiceBackendPort{Name: "https"}, networkingv1.ServiceBackendPort{Number: 443}
	for _, test := range []struct {
		name      string
		ingresses []*networkingv1.Ingress
		want      Backends
	}{
		{"by the port's name", []*networkingv1.Ingress{ingress("acme", "a", ClassName, "Halo.Acme.Example", byName, 0)},
			Backends{"halo.acme.example": {Addresses: []netip.AddrPort{netip.MustParseAddrPort("10.0.0.2:8443"), netip.MustParseAddrPort("10.0.0.3:8443")}}}},
		{"by the port's number", []*networkingv1.Ingress{ingress("other", "a", ClassName, "x.example", byNumber, 0)},
			Backends{"x.example": {Addresses: []netip.AddrPort{netip.MustParseAddrPort("10.0.0.9:8443")}}}},
		{"another class is another's", []*networkingv1.Ingress{ingress("acme", "a", "nginx", "x.example", byName, 0)}, Backends{}},
		{"a port that the Service has not", []*networkingv1.Ingress{ingress("acme", "a", ClassName, "x.example", networkingv1.ServiceBackendPort{Number: 444}, 0)},
			Backends{"x.example": {}}},
		{"a namespace without the Service", []*networkingv1.Ingress{ingress("third", "a", ClassName, "x.example", byName, 0)},
			Backends{"x.example": {}}},
		{"no host is not every host", []*networkingv1.Ingress{ingress("acme", "a", ClassName, "", byName, 0)}, Backends{}},
		{"clients' addresses are told where the Ingress asks for it", []*networkingv1.Ingress{tellingClients(ingress("other", "a", ClassName, "x.example", byNumber, 0))},
			Backends{"x.example": {Addresses: []netip.AddrPort{netip.MustParseAddrPort("10.0.0.9:8443")}, ProxyProtocol: true}}},
		{"the older of two keeps the host", []*networkingv1.Ingress{
			ingress("acme", "a", ClassName, "x.example", byName, 0), ingress("other", "z", ClassName, "x.example", byName, time.Hour),
		}, Backends{"x.example": {Addresses: []netip.AddrPort{netip.MustParseAddrPort("10.0.0.9:8443")}}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := Routes(ClassName, test.ingresses, []*corev1.Service{service("acme"), service("other")},
				[]*discoveryv1.EndpointSlice{slice("acme", "10.0.0.3", "!10.0.0.4"), slice("acme", "10.0.0.2", "10.0.0.3"), slice("other", "10.0.0.9")})
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func tellingClients(one *networkingv1.Ingress) *networkingv1.Ingress {
	one.Annotations = map[string]string{ProxyProtocolAnnotation: "v2"}
	return one
}

// hello is what a client says first.
func hello(t testing.TB, configuration *tls.Config) []byte {
	t.Helper()
	client, server := net.Pipe()
	go func() { _ = tls.Client(client, configuration).Handshake() }()
	buffer := make([]byte, 4096)
	n, err := server.Read(buffer)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = client.Close(), server.Close()
	return buffer[:n]
}

func TestTheServerNameIsReadAndNothingIsLost(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		said := hello(t, &tls.Config{ServerName: "Halo.Acme.Example", MinVersion: version, MaxVersion: version})
		name, read, err := ReadServerName(t.Context(), io.MultiReader(bytes.NewReader(said[:7]), bytes.NewReader(said[7:])))
		if err != nil || name != "halo.acme.example" || !bytes.Equal(read, said) {
			t.Errorf("version %x: name %q, %d of %d bytes, error %v", version, name, len(read), len(said), err)
		}
	}
}

func TestWhatNamesNoServerIsRefused(t *testing.T) {
	for name, said := range map[string][]byte{
		"plain HTTP":     []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
		"nothing":        nil,
		"half a hello":   hello(t, &tls.Config{ServerName: "x.example"})[:40],
		"no server name": hello(t, &tls.Config{InsecureSkipVerify: true}),
		"endless":        bytes.Repeat([]byte{22, 3, 1, 0x40, 0, 1, 0, 0xff, 0xff}, 10000),
	} {
		t.Run(name, func(t *testing.T) {
			if got, _, err := ReadServerName(t.Context(), bytes.NewReader(said)); err == nil {
				t.Errorf("got %q", got)
			}
		})
	}
}

func FuzzReadServerName(f *testing.F) {
	f.Add(hello(f, &tls.Config{ServerName: "x.example"}))
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	f.Fuzz(func(t *testing.T, said []byte) {
		name, read, err := ReadServerName(t.Context(), bytes.NewReader(said))
		if err == nil && (name == "" || !bytes.HasPrefix(said, read)) {
			t.Errorf("name %q, read %d bytes that are not the first", name, len(read))
		}
	})
}

// backend is a TLS server that says back, in capitals, what it is told.
func backend(t *testing.T, name string) (netip.AddrPort, *x509.CertPool) {
	t.Helper()
	self, err := authority.New(name)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := self.Issue(authority.Leaf{CommonName: name, Usage: x509.ExtKeyUsageServerAuth, DNSNames: []string{name}})
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := tls.X509KeyPair(pair.Certificate, pair.Key)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer connection.Close()
				said, err := io.ReadAll(connection) // until the client has ended its half
				if err == nil {
					_, _ = connection.Write(bytes.ToUpper(said))
				}
			}()
		}
	}()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(self.Pair().Certificate)
	return listener.Addr().(*net.TCPAddr).AddrPort(), roots
}

func startProxy(t *testing.T, backends Backends) (address string, stop func()) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	proxy := NewProxy()
	proxy.Use(backends)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- proxy.Serve(ctx, listener) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return listener.Addr().String(), stop
}

func TestAConnectionIsCarriedWholeToItsBackend(t *testing.T) {
	one, oneRoots := backend(t, "one.example")
	two, twoRoots := backend(t, "two.example")
	nobody := netip.MustParseAddrPort("127.0.0.1:1") // refuses: the next is tried
	address, _ := startProxy(t, Backends{"one.example": {Addresses: []netip.AddrPort{nobody, one}}, "two.example": {Addresses: []netip.AddrPort{two}}})
	large := strings.Repeat("halo ", 200_000)
	for name, roots := range map[string]*x509.CertPool{"one.example": oneRoots, "two.example": twoRoots} {
		for range 4 { // whichever address is tried first
			connection, err := tls.Dial("tcp", address, &tls.Config{ServerName: name, RootCAs: roots})
			if err != nil {
				t.Fatal(err)
			}
			go func() {
				_, _ = io.WriteString(connection, large)
				_ = connection.CloseWrite()
			}()
			said, err := io.ReadAll(connection)
			if err != nil || string(said) != strings.ToUpper(large) {
				t.Errorf("%s: %d bytes, error %v", name, len(said), err)
			}
			_ = connection.Close()
		}
	}
}

func TestAPodIsToldTheClientsAddressBeforeTheClientsFirstWord(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	told := make(chan string, 1)
	go func() {
		connection, err := (&proxyproto.Listener{Listener: listener}).Accept()
		if err != nil {
			return
		}
		defer connection.Close()
		first := make([]byte, 1)
		_, _ = io.ReadFull(connection, first)
		told <- fmt.Sprintf("%s said %#x", connection.RemoteAddr(), first[0])
	}()
	address, _ := startProxy(t, Backends{"one.example": {Addresses: []netip.AddrPort{listener.Addr().(*net.TCPAddr).AddrPort()}, ProxyProtocol: true}})
	connection, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if _, err := connection.Write(hello(t, &tls.Config{ServerName: "one.example"})); err != nil {
		t.Fatal(err)
	}
	const handshake = "0x16" // TLS record type, RFC 8446 section 5.1
	if got, want := <-told, connection.LocalAddr().String()+" said "+handshake; got != want {
		t.Errorf("the pod heard that %s; want %s", got, want)
	}
}

func TestAnUnknownHostIsClosedWithoutAWord(t *testing.T) {
	address, _ := startProxy(t, Backends{"one.example": {}})
	for _, name := range []string{"one.example", "two.example"} {
		connection, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := connection.Write(hello(t, &tls.Config{ServerName: name})); err != nil {
			t.Fatal(err)
		}
		_ = connection.SetReadDeadline(time.Now().Add(5 * time.Second))
		said, err := io.ReadAll(connection)
		if len(said) > 0 || (err != nil && strings.Contains(err.Error(), "timeout")) {
			t.Errorf("%s: %q, error %v; want the end", name, said, err)
		}
		_ = connection.Close()
	}
}

func TestTheEndOfTheProxyEndsItsConnections(t *testing.T) {
	one, roots := backend(t, "one.example")
	address, stop := startProxy(t, Backends{"one.example": {Addresses: []netip.AddrPort{one}}})
	connection, err := tls.Dial("tcp", address, &tls.Config{ServerName: "one.example", RootCAs: roots})
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	stop()
	_ = connection.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := connection.Read(make([]byte, 1)); err == nil || strings.Contains(err.Error(), "timeout") {
		t.Errorf("error %v, want the connection's end", err)
	}
}

func TestWhoHasEndedItsHalfStillHearsTheOther(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	heard := make(chan []byte, 1)
	go func() {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		defer connection.Close()
		said, _ := io.ReadAll(connection) // until the client's half has ended
		heard <- said
		_, _ = io.WriteString(connection, "farewell")
	}()
	address, _ := startProxy(t, Backends{"one.example": {Addresses: []netip.AddrPort{listener.Addr().(*net.TCPAddr).AddrPort()}}})
	connection, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	said := append(hello(t, &tls.Config{ServerName: "one.example"}), "and more"...)
	if _, err := connection.Write(said); err != nil {
		t.Fatal(err)
	}
	if err := connection.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	_ = connection.SetReadDeadline(time.Now().Add(5 * time.Second))
	got, err := io.ReadAll(connection)
	if err != nil || string(got) != "farewell" {
		t.Errorf("heard %q, error %v", got, err)
	}
	if got := <-heard; !bytes.Equal(got, said) {
		t.Errorf("the backend heard %d bytes of %d", len(got), len(said))
	}
}
