package networkpolicy

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/types"
)

const podArguments = "IgnoreUnknown=1;K8S_POD_NAMESPACE=acme;K8S_POD_NAME=server;K8S_POD_INFRA_CONTAINER_ID=x;K8S_POD_UID=u-1"

const result = `{"cniVersion":"0.4.0","interfaces":[{"name":"eth0"}],"ips":[{"version":"6","address":"fd00::2/64"},{"version":"4","address":"10.244.0.7/24","gateway":"10.244.0.1"}]}`

// enforcerThatSays answers one announcement on a socket and keeps it.
func enforcerThatSays(t *testing.T, reply string) (socket string, heard chan call) {
	t.Helper()
	socket = filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	heard = make(chan call, 1)
	go func() {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		defer connection.Close()
		var said call
		if err := json.NewDecoder(connection).Decode(&said); err == nil {
			heard <- said
		}
		_, _ = io.WriteString(connection, reply)
	}()
	return socket, heard
}

func plugin(t *testing.T, command, arguments, socket string) (string, error) {
	t.Helper()
	environment := map[string]string{"CNI_COMMAND": command, "CNI_ARGS": arguments}
	input := `{"cniVersion":"0.4.0","name":"halo","type":"halo-networkpolicy","socket":"` + socket + `","prevResult":` + result + `}`
	var output bytes.Buffer
	err := Plugin(t.Context(), func(key string) string { return environment[key] }, strings.NewReader(input), &output)
	return output.String(), err
}

func TestAddAnnouncesThePodAndPassesTheResultOn(t *testing.T) {
	socket, heard := enforcerThatSays(t, "{}")
	output, err := plugin(t, "ADD", podArguments, socket)
	if err != nil || output != result {
		t.Errorf("output %q, error %v", output, err)
	}
	want := call{Namespace: "acme", Name: "server", UID: "u-1", Address: netip.MustParseAddr("10.244.0.7")}
	if got := <-heard; got != want {
		t.Errorf("announced %+v, want %+v", got, want)
	}
}

func TestAddFailsWhenTheRulesAreNotInPlace(t *testing.T) {
	socket, _ := enforcerThatSays(t, `{"error":"the kernel said no"}`)
	if output, err := plugin(t, "ADD", podArguments, socket); err == nil || !strings.Contains(err.Error(), "the kernel said no") || output != "" {
		t.Errorf("output %q, error %v", output, err)
	}
	if _, err := plugin(t, "ADD", podArguments, socket+"-nobody"); err == nil {
		t.Error("no error without an enforcer")
	}
}

func TestDeleteGivesTheAddressBackAndNeedsNobody(t *testing.T) {
	socket, heard := enforcerThatSays(t, "{}")
	if _, err := plugin(t, "DEL", podArguments, socket); err != nil {
		t.Error(err)
	}
	if got := <-heard; !got.Released || got.Address.String() != "10.244.0.7" {
		t.Errorf("announced %+v", got)
	}
	if _, err := plugin(t, "DEL", podArguments, socket+"-nobody"); err != nil {
		t.Errorf("without an enforcer: %v", err)
	}
}

func TestRequestsThatMakeNoSenseAreRefused(t *testing.T) {
	for name, test := range map[string]struct{ command, arguments, want string }{
		"no pod":          {"ADD", "IgnoreUnknown=1", "CNI_ARGS"},
		"no UID":          {"ADD", "K8S_POD_NAMESPACE=a;K8S_POD_NAME=b", "CNI_ARGS"},
		"unknown command": {"FROB", podArguments, "FROB"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := plugin(t, test.command, test.arguments, "/nowhere"); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v", err)
			}
		})
	}
	if _, err := addressIn(json.RawMessage(`{"ips":[]}`)); err == nil {
		t.Error("a result without an address was taken")
	}
}

func TestErrorsAreWhatTheRuntimeReads(t *testing.T) {
	var parsed struct {
		Code int    `json:"code"`
		Msg  string `json:"msg"`
	}
	if err := json.Unmarshal([]byte(PluginError(io.ErrUnexpectedEOF)), &parsed); err != nil || parsed.Code == 0 || parsed.Msg != "unexpected EOF" {
		t.Errorf("%+v, error %v", parsed, err)
	}
}

func TestASecondSandboxIsNotUndoneByTheEndOfTheFirst(t *testing.T) {
	first, second := netip.MustParseAddr("10.244.0.7"), netip.MustParseAddr("10.244.0.8")
	e := Enforcer{announced: map[types.UID]netip.Addr{}}
	e.note(call{UID: "u", Address: first})
	e.note(call{UID: "u", Address: second})
	e.note(call{UID: "u", Address: first, Released: true})
	if got := e.announced["u"]; got != second {
		t.Errorf("the pod's address is %s, want %s", got, second)
	}
	e.note(call{UID: "u", Address: second, Released: true})
	if len(e.announced) != 0 {
		t.Errorf("left: %v", e.announced)
	}
}

func FuzzAddressIn(f *testing.F) {
	f.Add([]byte(result))
	f.Add([]byte(`{"ips":[{"address":"10.0.0.1"}]}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		if address, err := addressIn(content); err == nil && !address.Is4() {
			t.Errorf("%q gave %s", content, address)
		}
	})
}

func FuzzPodOf(f *testing.F) {
	f.Add(podArguments)
	f.Add(";;=;K8S_POD_NAME")
	f.Fuzz(func(t *testing.T, arguments string) {
		if pod, err := podOf(arguments); err == nil && (pod.Name == "" || pod.Namespace == "" || pod.UID == "") {
			t.Errorf("%q gave %+v", arguments, pod)
		}
	})
}
