// Package apiserver starts a real kube-apiserver and etcd for tests, with the project's CRDs and ACK's installed.
//
// KUBEBUILDER_ASSETS names the folder of binaries. ACK_CRD_DIR names a folder of ACK's published CRDs; without it the
// project's own minimal ones are used.
package apiserver

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// Start returns a configuration with every right on a fresh API server, and a function that stops it.
func Start() (*rest.Config, func() error, error) {
	ackCRDs := os.Getenv("ACK_CRD_DIR")
	if ackCRDs == "" {
		ackCRDs = Path("test/awslocal/crds")
	}
	environment := &envtest.Environment{
		CRDDirectoryPaths:     []string{Path("config/crd"), ackCRDs},
		ErrorIfCRDPathMissing: true,
	}
	// A tenant has a Service, and some tests have more tenants than the 254 addresses of the default range.
	environment.ControlPlane.GetAPIServer().Configure().Set("service-cluster-ip-range", "10.0.0.0/16")
	config, err := environment.Start()
	if err != nil {
		return nil, nil, fmt.Errorf("starting the API server: %w", err)
	}
	config.QPS, config.Burst = 1000, 1000
	return config, environment.Stop, nil
}

// Path turns a path below the repository's root into one that works from any test's folder.
func Path(relative string) string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..", filepath.FromSlash(relative))
}
