// Package cluster runs a real Kubernetes cluster of one node on one Debian
// machine, without Docker and without a way out to the internet.
//
// The node is a set of namespaces (network, mount, pid) in which the Kubernetes
// programs and containerd run as they would on a machine of their own. Beside
// it is the cloud: a second network namespace, routed through the node, in
// which databases and the mail host get their addresses. Up and Down may be
// called at any time and any number of times; Down finds what to remove by
// asking the kernel who lives in the two namespaces and the cluster's control
// group, so that it also clears what a killed run has left.
//
// Everything here needs root.
package cluster
