// Package definitions finds the published CustomResourceDefinitions of what some classes need, so that what the operator
// writes is judged by the real schemas: the Gateway API's, cert-manager's and Traefik's. They come with their projects'
// Go modules, of which nothing is compiled.
package definitions

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
)

// Source is a published module and its definitions. Sum is the module's, as go.sum has it.
type Source struct {
	Module, Sum string
	Files       []string
}

// Gateway has the kinds of the Gateway API's standard channel that a tenant or the platform makes.
func Gateway() Source {
	const folder = "config/crd/standard/gateway.networking.k8s.io_"
	return Source{
		Module: "sigs.k8s.io/gateway-api@v1.6.1", Sum: "h1:mock6phZbI6rvZerwrVNk7hVNymQgHo+6sJ81Ia7ftY=",
		Files: []string{folder + "httproutes.yaml", folder + "backendtlspolicies.yaml", folder + "gateways.yaml", folder + "gatewayclasses.yaml",
			folder + "referencegrants.yaml", folder + "grpcroutes.yaml", folder + "tlsroutes.yaml"},
	}
}

// CertManager has cert-manager's Certificate.
func CertManager() Source {
	return Source{
		Module: "github.com/cert-manager/cert-manager@v1.21.2", Sum: "h1:UWgoYM+KLNtRlqmoWOKjKBOBUPVHeepQ6/ac3ERJW68=",
		Files: []string{"deploy/crds/cert-manager.io_certificates.yaml"},
	}
}

// Traefik has all kinds of Traefik.
func Traefik() Source {
	return Source{
		Module: "github.com/traefik/traefik/v3@v3.7.13", Sum: "h1:T8wy9KuaFzCkmXCqAzDy7t73pBDR1DHrJe3pqXpNXTw=",
		Files: []string{"docs/content/reference/dynamic-configuration/kubernetes-crd-definition-v1.yml"},
	}
}

// Paths fetches the module, when it is not there yet, and gives the paths of its definitions.
func (s Source) Paths(ctx context.Context) ([]string, error) {
	command := exec.CommandContext(ctx, "go", "mod", "download", "-json", s.Module)
	command.Dir = "/" // outside of any module: nobody's go.mod has a say
	var output, said bytes.Buffer
	command.Stdout, command.Stderr = &output, &said
	failure := command.Run()
	var downloaded struct{ Dir, Sum, Error string }
	if err := json.Unmarshal(output.Bytes(), &downloaded); err != nil {
		return nil, fmt.Errorf("fetching %s: %w: %s", s.Module, err, said.String())
	}
	if failure != nil {
		return nil, fmt.Errorf("fetching %s: %w: %s", s.Module, failure, downloaded.Error)
	}
	if downloaded.Sum != s.Sum {
		return nil, fmt.Errorf("fetching %s: its sum is %s and not %s", s.Module, downloaded.Sum, s.Sum)
	}
	var paths []string
	for _, file := range s.Files {
		paths = append(paths, filepath.Join(downloaded.Dir, filepath.FromSlash(file)))
	}
	return paths, nil
}
