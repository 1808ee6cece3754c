package platform

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	"halo.dev/halo/test/cluster"
)

// ClassName is the name of the HaloTenantClass that Up applies.
const ClassName = "development"

// operatorNamespace is where the operator is installed.
const operatorNamespace = "halo-operator"

//go:embed manifests/class.yaml
var classSource string

// Platform is all that tenants need, on one machine.
type Platform struct {
	Cluster *cluster.Cluster
	// Repository is the folder of this source tree: charts and programs are taken from it.
	Repository string
	// Folder holds what is kept between commands: programs, process ids, logs,
	// databases, mail.
	Folder string
}

// New describes the platform of this name ("demo" or "test"), whether it runs
// or not.
func New(name string) (*Platform, error) {
	described, err := cluster.New(name)
	if err != nil {
		return nil, err
	}
	repository, err := repositoryFolder()
	if err != nil {
		return nil, err
	}
	return &Platform{Cluster: described, Repository: repository, Folder: described.Folder + "-platform"}, nil
}

// repositoryFolder finds the folder with go.mod, at or above the working folder.
func repositoryFolder() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding the source tree: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return folder, nil
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			return "", errors.New("finding the source tree: no go.mod here or above; run this inside the repository")
		}
		folder = parent
	}
}

// Up brings everything up and tells out what it does and how long it took. It
// may be called again at any time.
func (p *Platform) Up(ctx context.Context, out io.Writer) error {
	if err := os.MkdirAll(p.Folder, 0o755); err != nil {
		return fmt.Errorf("creating the platform's folder: %w", err)
	}
	var image images
	return runSteps(ctx, out, []step{
		{"cluster: a real node, its DNS, its network policies, its entrance", func(ctx context.Context, say func(string)) error {
			return p.Cluster.Up(ctx, cluster.UpOptions{Progress: say})
		}},
		{"images of halo-manager and halo-server", func(ctx context.Context, say func(string)) (err error) {
			image, err = p.loadImages(ctx)
			return err
		}},
		{"mail host: Postfix with TLS and a login", func(ctx context.Context, _ func(string)) error {
			return p.StartMail(ctx)
		}},
		{"stand-in for ACK's rds-controller and RDS, over MariaDB", p.startDatabases},
		{"the operator, by its Helm chart", func(ctx context.Context, say func(string)) error {
			return p.installOperator(ctx, image)
		}},
		{"HaloTenantClass " + ClassName, func(ctx context.Context, say func(string)) error {
			return p.applyClass(ctx, image, say)
		}},
	})
}

// Down stops what Up started and removes what it wrote. It works on a whole
// platform, on a part of one, and on none.
func (p *Platform) Down(ctx context.Context) error {
	mail, err := p.Mail()
	if err != nil {
		return err
	}
	failures := errors.Join(
		p.background(databases).stop(ctx),
		mail.Stop(ctx),
		p.Cluster.Down(ctx),
	)
	if failures != nil {
		return fmt.Errorf("stopping the platform: %w", failures)
	}
	if err := os.RemoveAll(p.Folder); err != nil {
		return fmt.Errorf("removing the platform's folder: %w", err)
	}
	return nil
}

// Entrance is the address of the cluster's entrance, for connections from the host.
func (p *Platform) Entrance() string { return p.Cluster.Addresses.Node.String() + ":443" }

// StaffEntrance is the address of the entrance that leads to staff consoles.
func (p *Platform) StaffEntrance() string { return p.Cluster.Addresses.Node.String() + ":8444" }

func (p *Platform) background(name string) background {
	return background{folder: p.Folder, name: name}
}

// Background runs a program of the platform's folder that outlives the caller,
// until StopBackground or Down. The name tells it from others.
func (p *Platform) Background(ctx context.Context, name, program string, args ...string) error {
	return p.background(name).start(ctx, program, args...)
}

// StopBackground ends a program that Background started.
func (p *Platform) StopBackground(ctx context.Context, name string) error {
	return p.background(name).stop(ctx)
}

// Path gives a path below the platform's folder.
func (p *Platform) Path(elements ...string) string {
	return filepath.Join(append([]string{p.Folder}, elements...)...)
}

// applyClass fills the addresses of this platform into the class.
func (p *Platform) applyClass(ctx context.Context, image images, say func(string)) error {
	mail, err := p.Mail()
	if err != nil {
		return err
	}
	mailCA, err := mail.Authority()
	if err != nil {
		return err
	}
	databaseCA, err := os.ReadFile(p.DatabaseCAFile())
	if err != nil {
		return fmt.Errorf("reading the databases' CA: %w", err)
	}
	manifest, err := renderClass(classValues{
		Image:       image.server,
		DatabaseCA:  string(databaseCA),
		MailCA:      string(mailCA),
		MailHost:    p.mailHostName(),
		MailAddress: p.Cluster.Addresses.MailHost.String(),
		CloudCIDR:   p.Cluster.Addresses.Cloud.String(),
		PodCIDR:     p.Cluster.Addresses.Pods.String(),
	})
	if err != nil {
		return err
	}
	if err := p.Apply(ctx, manifest); err != nil {
		return err
	}
	patience, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return p.WaitForReady(patience, "halotenantclass/"+ClassName, say)
}

// classValues are the parts of the class that differ between platforms.
type classValues struct {
	Image, DatabaseCA, MailCA, MailHost, MailAddress, CloudCIDR, PodCIDR string
}

func renderClass(values classValues) (string, error) {
	indent := func(spaces int, text string) string {
		prefix := strings.Repeat(" ", spaces)
		return prefix + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n"+prefix)
	}
	parsed, err := template.New("class").Funcs(template.FuncMap{"indent": indent}).Option("missingkey=error").Parse(classSource)
	if err != nil {
		return "", fmt.Errorf("parsing the class's template: %w", err)
	}
	var out bytes.Buffer
	if err := parsed.Execute(&out, values); err != nil {
		return "", fmt.Errorf("filling in the class: %w", err)
	}
	return out.String(), nil
}
