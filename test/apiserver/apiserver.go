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
	return start(Path("config/crd"), ackCRDs())
}

// StartWithoutACK is Start on a cluster that knows nothing of ACK. InstallACK tells it.
func StartWithoutACK() (*rest.Config, func() error, error) {
	return start(Path("config/crd"))
}

// InstallACK installs ACK's CRDs into a cluster.
func InstallACK(config *rest.Config) error {
	_, err := envtest.InstallCRDs(config, envtest.CRDInstallOptions{Paths: []string{ackCRDs()}, ErrorIfPathMissing: true})
	return err
}

func ackCRDs() string {
	if folder := os.Getenv("ACK_CRD_DIR"); folder != "" {
		return folder
	}
	return Path("test/awslocal/crds")
}

func start(crds ...string) (*rest.Config, func() error, error) {
	environment := &envtest.Environment{CRDDirectoryPaths: crds, ErrorIfCRDPathMissing: true}
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
