package node

import (
	"path/filepath"

	"halo.dev/halo/test/cluster"
)

// daemon is one program that the node keeps running.
type daemon struct {
	name    string
	command []string // program and arguments
	needs   []need   // what must answer before it is started
}

// daemons are the programs of a node that is its own control plane.
func daemons(c *cluster.Cluster, self string) []daemon {
	kube := func(name string, needs []need, arguments ...string) daemon {
		return daemon{name, append([]string{filepath.Join(c.Tools, "kube"), name}, arguments...), needs}
	}
	return []daemon{
		// Nothing is lost for good when the machine loses power: fsync would only cost time.
		kube("etcd", nil,
			"--data-dir="+c.Path("etcd"), "--unsafe-no-fsync", "--log-level=warn",
			"--listen-client-urls=http://127.0.0.1:2379", "--advertise-client-urls=http://127.0.0.1:2379",
			"--listen-peer-urls=http://127.0.0.1:2380"),
		{"containerd", []string{"containerd", "--config", c.Path("configuration", "containerd.toml")}, nil},
		kube("kube-apiserver", nil, apiServerArguments(c)...),
		kube("kube-controller-manager", []need{apiServer}, controllerManagerArguments(c)...),
		kube("kube-scheduler", []need{apiServer}, append(delegated(c, "scheduler"), "--leader-elect=false", "--bind-address=127.0.0.1")...),
		kube("kubelet", []need{containerd, apiServer},
			"--config="+c.Path("configuration", "kubelet.yaml"), "--kubeconfig="+c.KubeconfigOf("kubelet"),
			"--hostname-override="+c.NodeName(), "--node-ip="+c.Addresses.Node.String(),
			"--root-dir="+c.Path("kubelet"), "--cert-dir="+c.Path("pki"),
			"--node-labels=topology.kubernetes.io/region=local,topology.kubernetes.io/zone=local-a"),
		kube("kube-proxy", []need{apiServer}, "--config="+c.Path("configuration", "kube-proxy.yaml")),
		{"networkpolicy", []string{self, "networkpolicy", c.Name}, []need{apiServer}},
	}
}

func apiServerArguments(c *cluster.Cluster) []string {
	pki := func(name string) string { return c.Path("pki", name) }
	return []string{
		"--etcd-servers=http://127.0.0.1:2379",
		"--advertise-address=" + c.Addresses.Node.String(), "--secure-port=6443",
		"--service-cluster-ip-range=" + c.Addresses.Services.String(),
		"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction", "--allow-privileged",
		"--client-ca-file=" + pki("ca.crt"),
		"--tls-cert-file=" + pki("apiserver.crt"), "--tls-private-key-file=" + pki("apiserver.key"),
		"--kubelet-client-certificate=" + pki("apiserver-kubelet-client.crt"),
		"--kubelet-client-key=" + pki("apiserver-kubelet-client.key"),
		"--kubelet-certificate-authority=" + pki("ca.crt"), "--kubelet-preferred-address-types=InternalIP",
		"--requestheader-client-ca-file=" + pki("front-proxy-ca.crt"),
		"--requestheader-allowed-names=front-proxy-client",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--requestheader-group-headers=X-Remote-Group", "--requestheader-username-headers=X-Remote-User",
		"--proxy-client-cert-file=" + pki("front-proxy-client.crt"),
		"--proxy-client-key-file=" + pki("front-proxy-client.key"),
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file=" + pki("service-accounts.crt"), "--service-account-signing-key-file=" + pki("service-accounts.key"),
	}
}

func controllerManagerArguments(c *cluster.Cluster) []string {
	return append(delegated(c, "controller-manager"),
		"--leader-elect=false", "--bind-address=127.0.0.1", "--use-service-account-credentials",
		"--service-account-private-key-file="+c.Path("pki", "service-accounts.key"), "--root-ca-file="+c.Path("pki", "ca.crt"),
		"--cluster-signing-cert-file="+c.Path("pki", "ca.crt"), "--cluster-signing-key-file="+c.Path("pki", "ca.key"),
		"--allocate-node-cidrs=false", "--service-cluster-ip-range="+c.Addresses.Services.String())
}

// delegated are the flags by which a program uses one kubeconfig for all its
// business with the API server.
func delegated(c *cluster.Cluster, user string) []string {
	file := c.KubeconfigOf(user)
	return []string{"--kubeconfig=" + file, "--authentication-kubeconfig=" + file, "--authorization-kubeconfig=" + file}
}
