// Package v1alpha1 holds types for the fields of ACK's rds-controller that this project sets or reads, written from
// the schema of rds-controller v1.11.1. They are partial on purpose: with server-side apply, what a type does not name
// it does not own, and so never fights ACK over values that ACK or AWS writes back.
//
// +kubebuilder:object:generate=true
// +groupName=rds.services.k8s.aws
package v1alpha1

//go:generate controller-gen object paths=.
