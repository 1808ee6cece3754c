// Package networkpolicy enforces networking.k8s.io/v1 NetworkPolicies on the
// local cluster's node, in both directions, by one nftables table that is
// replaced whole whenever something changes.
//
// Render is the pure half: pods, namespaces and policies in, the table out.
// Enforcer keeps the table in step with the API server. Plugin, the last of the
// node's CNI plugins, keeps a pod from starting before its rules are in place;
// traffic of an address that nobody has announced is dropped.
//
// It is a part of the tests: in production the cluster's own network does this.
package networkpolicy
