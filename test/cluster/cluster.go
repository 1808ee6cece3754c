package cluster

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// Cluster says where one cluster's things are. It holds no state: what runs is
// asked of the kernel each time.
type Cluster struct {
	Name      string
	Addresses Addresses
	// Folder holds everything that the cluster writes.
	Folder string
	// Tools is the folder with the programs kube and coredns.
	Tools string
}

// New describes the cluster of this name ("demo", "test" or "selftest"),
// whether it runs or not. HALO_STATE and HALO_CACHE move its folders.
func New(name string) (*Cluster, error) {
	addresses, err := addressesOf(name)
	if err != nil {
		return nil, err
	}
	state := os.Getenv("HALO_STATE")
	if state == "" {
		state = "/var/lib/halo-local"
	}
	cache := os.Getenv("HALO_CACHE")
	if cache == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, fmt.Errorf("finding the cache folder (HALO_CACHE is not set): %w", err)
		}
		cache = filepath.Join(home, ".cache", "halo")
	}
	return &Cluster{
		Name:      name,
		Addresses: addresses,
		Folder:    filepath.Join(state, name),
		Tools:     filepath.Join(cache, "bin"),
	}, nil
}

// Kubeconfig is the file by which the host's kubectl reaches the cluster as its
// administrator. It is valid while the cluster runs.
func (c *Cluster) Kubeconfig() string { return c.KubeconfigOf("admin") }

// KubeconfigOf is the file of one of the cluster's users: admin,
// controller-manager, scheduler, proxy or kubelet.
func (c *Cluster) KubeconfigOf(user string) string {
	return c.path("pki", user+".kubeconfig")
}

// NodeName is the node's name in the API.
func (c *Cluster) NodeName() string { return "halo-node" }

// NodeNamespace is the named network namespace of the node.
func (c *Cluster) NodeNamespace() string { return "halo-node-" + c.Name }

// CloudNamespace is the named network namespace in which databases and the mail
// host live: `ip netns exec <name> PROGRAM` runs a program there.
func (c *Cluster) CloudNamespace() string { return "halo-cloud-" + c.Name }

// ContainerdSocket is where the node's containerd listens.
func (c *Cluster) ContainerdSocket() string { return c.path("containerd", "containerd.sock") }

// PolicySocket is where the network policies' enforcer listens for new pods.
func (c *Cluster) PolicySocket() string { return c.path("networkpolicy.sock") }

// LogFile is where a program of the node writes, for example "kubelet".
func (c *Cluster) LogFile(program string) string { return c.path("log", program+".log") }

// Path gives a path below the cluster's folder.
func (c *Cluster) Path(elements ...string) string { return c.path(elements...) }

func (c *Cluster) path(elements ...string) string {
	return filepath.Join(append([]string{c.Folder}, elements...)...)
}

// AddCloudAddress gives the cloud an address of its range, from which a server
// started there by Cloud's namespace can listen. Adding one twice is no error.
func (c *Cluster) AddCloudAddress(ctx context.Context, address string) error {
	_, err := run(ctx, "", "ip", "-n", c.CloudNamespace(), "addr", "replace", address+"/24", "dev", "eth0")
	if err != nil {
		return fmt.Errorf("adding %s to the cloud of cluster %s: %w", address, c.Name, err)
	}
	return nil
}

// RemoveCloudAddress takes an address away again.
func (c *Cluster) RemoveCloudAddress(ctx context.Context, address string) error {
	_, err := run(ctx, "", "ip", "-n", c.CloudNamespace(), "addr", "del", address+"/24", "dev", "eth0")
	if err != nil {
		return fmt.Errorf("removing %s from the cloud of cluster %s: %w", address, c.Name, err)
	}
	return nil
}
