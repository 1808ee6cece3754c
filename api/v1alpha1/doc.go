// Package v1alpha1 holds the three kinds that people write: HaloTenantClass (what a platform team decides once per
// environment), HaloTenant (one advice firm) and HaloBackup (one restorable copy, which outlives its tenant).
//
// Validation lives in the schema: markers and CEL rules here become the CRDs in config/crd. What one object cannot see
// (an unknown class, a hostname in use) the controllers report as the condition Stalled.
//
// +kubebuilder:object:generate=true
// +groupName=halo.dev
package v1alpha1

//go:generate controller-gen object paths=.
