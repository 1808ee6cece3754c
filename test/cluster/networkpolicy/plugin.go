package networkpolicy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"

	"k8s.io/apimachinery/pkg/types"
)

// PluginName is the name by which the runtime calls the CNI plugin.
const PluginName = "halo-networkpolicy"

// pluginInput is the part of a CNI request's standard input that matters here.
type pluginInput struct {
	CNIVersion string          `json:"cniVersion"`
	Socket     string          `json:"socket"`
	PrevResult json.RawMessage `json:"prevResult"`
}

// Plugin runs the CNI plugin (specification 0.4.0) once: with ADD it announces
// the pod's address and returns when its rules are in place, with DEL it takes
// the announcement back. It adds nothing to the result of the plugins before it.
// An error is for the caller to print with PluginError.
func Plugin(ctx context.Context, environment func(string) string, input io.Reader, output io.Writer) error {
	command := environment("CNI_COMMAND")
	if command == "VERSION" {
		_, err := io.WriteString(output, `{"cniVersion":"0.4.0","supportedVersions":["0.3.1","0.4.0"]}`)
		return err
	}
	var request pluginInput
	if err := json.NewDecoder(input).Decode(&request); err != nil {
		return fmt.Errorf("reading the CNI request: %w", err)
	}
	pod, err := podOf(environment("CNI_ARGS"))
	if err != nil {
		return err
	}
	switch command {
	case "ADD":
		if pod.Address, err = addressIn(request.PrevResult); err != nil {
			return err
		}
		if err := announce(ctx, request.Socket, pod); err != nil {
			return err
		}
		_, err := output.Write(request.PrevResult)
		return err
	case "DEL":
		pod.Released = true
		// A sandbox must be removable in any case: one that never had an address,
		// and without the enforcer, which forgets deleted pods by itself.
		if pod.Address, err = addressIn(request.PrevResult); err == nil {
			_ = announce(ctx, request.Socket, pod)
		}
		return nil
	case "CHECK":
		return nil
	default:
		return fmt.Errorf("CNI_COMMAND %q is not known", command)
	}
}

// PluginError is what a CNI plugin prints on standard output before it exits
// with status 1.
func PluginError(err error) string {
	encoded, _ := json.Marshal(map[string]any{"cniVersion": "0.4.0", "code": 100, "msg": err.Error()}) // cannot fail
	return string(encoded)
}

// podOf reads which pod a request is for from CNI_ARGS ("KEY=value;KEY=value").
func podOf(arguments string) (call, error) {
	values := map[string]string{}
	for pair := range strings.SplitSeq(arguments, ";") {
		key, value, _ := strings.Cut(pair, "=")
		values[key] = value
	}
	pod := call{
		Namespace: values["K8S_POD_NAMESPACE"], Name: values["K8S_POD_NAME"], UID: types.UID(values["K8S_POD_UID"]),
	}
	if pod.Namespace == "" || pod.Name == "" || pod.UID == "" {
		return call{}, errors.New("CNI_ARGS does not name a pod by namespace, name and UID")
	}
	return pod, nil
}

// addressIn finds the pod's IPv4 address in the result of the plugins before.
func addressIn(result json.RawMessage) (netip.Addr, error) {
	var parsed struct {
		IPs []struct {
			Address netip.Prefix `json:"address"`
		} `json:"ips"`
	}
	if err := json.Unmarshal(result, &parsed); err != nil {
		return netip.Addr{}, fmt.Errorf("reading the result of the plugins before: %w", err)
	}
	for _, ip := range parsed.IPs {
		if ip.Address.Addr().Is4() {
			return ip.Address.Addr(), nil
		}
	}
	return netip.Addr{}, errors.New("the plugins before gave the pod no IPv4 address")
}
