package platform

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"halo.dev/halo/test/cluster/image"
)

// databases is the name of the stand-in's background program and folder.
const databases = "awslocal"

// DatabaseCAFile is the certificate, in PEM, that databases are verified by.
func (p *Platform) DatabaseCAFile() string { return p.Path(databases, "ca.pem") }

// startDatabases builds and starts the stand-in for ACK's rds-controller and
// RDS, and waits until ACK's kinds are known to the API server.
func (p *Platform) startDatabases(ctx context.Context, say func(string)) error {
	if err := image.Build(ctx, p.Path("bin"), []string{"halo.dev/halo/test/awslocal/halo-awslocal"}); err != nil {
		return err
	}
	first, _ := p.Cluster.Addresses.Database(0)
	standIn := p.background(databases)
	err := standIn.start(ctx, p.Path("bin", "halo-awslocal"),
		"--kubeconfig", p.Cluster.Kubeconfig(),
		"--state-dir", p.Path(databases),
		"--netns", p.Cluster.CloudNamespace(),
		"--first-address", first.String())
	if err != nil {
		return err
	}
	patience, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return WaitUntil(patience, say, func(ctx context.Context) (bool, string) {
		if _, ok := standIn.running(); !ok {
			return false, "the stand-in, which has ended; see " + standIn.logFile()
		}
		if _, err := os.Stat(p.DatabaseCAFile()); err != nil {
			return false, "the databases' CA"
		}
		_, err := p.Cluster.Kubectl(ctx, "", "wait", "--for=condition=Established", "--timeout=1s",
			"crd/dbclusters.rds.services.k8s.aws", "crd/dbinstances.rds.services.k8s.aws", "crd/dbclustersnapshots.rds.services.k8s.aws",
			"crd/dbclusterparametergroups.rds.services.k8s.aws", "crd/dbsubnetgroups.rds.services.k8s.aws")
		return err == nil, "ACK's custom resource definitions"
	})
}

// RunningDatabases lists the database servers that run in the platform's cloud.
func (p *Platform) RunningDatabases(ctx context.Context) ([]string, error) {
	output, err := exec.CommandContext(ctx, "ip", "netns", "pids", p.Cluster.CloudNamespace()).Output()
	if err != nil {
		return nil, fmt.Errorf("listing the processes of the cloud: %w", err)
	}
	var running []string
	for _, pid := range strings.Fields(string(output)) {
		program, err := os.Readlink(filepath.Join("/proc", pid, "exe"))
		if err == nil && strings.Contains(filepath.Base(program), "mariadbd") {
			running = append(running, pid)
		}
	}
	return running, nil
}
