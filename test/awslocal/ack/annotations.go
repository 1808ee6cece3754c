package ack

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// The annotations of ACK that the stand-in obeys, and one of its own.
const (
	annotationSkipFinalSnapshot      = "rds.services.k8s.aws/skip-final-snapshot"
	annotationFinalSnapshot          = "rds.services.k8s.aws/final-db-snapshot-identifier"
	annotationDeleteAutomatedBackups = "rds.services.k8s.aws/delete-automated-backups"
	annotationLastSecret             = "rds.services.k8s.aws/last-applied-secret-reference" //nolint:gosec // a name, not a secret
	annotationDeletionPolicy         = "services.k8s.aws/deletion-policy"
	annotationNamespacePolicy        = "rds.services.k8s.aws/deletion-policy"
	annotationAdoptionPolicy         = "services.k8s.aws/adoption-policy"
	annotationAdoptionFields         = "services.k8s.aws/adoption-fields"
	annotationReadOnly               = "services.k8s.aws/read-only"

	// AnnotationFault makes the stand-in play a fault on the resource that carries it; ParseFault has its values.
	AnnotationFault = "awslocal.halo.dev/fault"

	finalizerPrefix = "finalizers.rds.services.k8s.aws/"
)

// Policy says what becomes of the AWS side when a resource is deleted.
type Policy string

// The deletion policies.
const (
	PolicyDelete Policy = "delete"
	PolicyRetain Policy = "retain"
)

// resolvePolicy asks the object first, then its namespace, then the flag. A word that is neither policy is passed over.
func resolvePolicy(object, namespace map[string]string, flag Policy) Policy {
	for _, word := range []string{object[annotationDeletionPolicy], namespace[annotationNamespacePolicy]} {
		switch policy := Policy(strings.ToLower(word)); policy {
		case PolicyDelete, PolicyRetain:
			return policy
		}
	}
	if flag == PolicyRetain {
		return PolicyRetain
	}
	return PolicyDelete
}

// finalSnapshot reads what the annotations say about a final snapshot. Without any there is none: the data goes.
func finalSnapshot(annotations map[string]string) (skip bool, identifier string, err error) {
	skip = true
	if text, set := annotations[annotationSkipFinalSnapshot]; set {
		if skip, err = strconv.ParseBool(text); err != nil {
			return false, "", terminal("annotation %s is %q, not a boolean", annotationSkipFinalSnapshot, text)
		}
	}
	return skip, annotations[annotationFinalSnapshot], nil
}

// adoption is what a resource says about taking over something that exists.
type adoption struct {
	wanted   bool
	orCreate bool
	fields   map[string]string
}

func parseAdoption(annotations map[string]string) (adoption, error) {
	policy := annotations[annotationAdoptionPolicy]
	switch policy {
	case "":
		return adoption{}, nil
	case "adopt", "adopt-or-create":
	default:
		return adoption{}, terminal("annotation %s is %q: it must be adopt or adopt-or-create", annotationAdoptionPolicy, policy)
	}
	result := adoption{wanted: true, orCreate: policy == "adopt-or-create", fields: map[string]string{}}
	text := annotations[annotationAdoptionFields]
	if text == "" && result.orCreate {
		return result, nil
	}
	if err := json.Unmarshal([]byte(text), &result.fields); err != nil {
		return adoption{}, terminal("annotation %s must be a JSON object of strings", annotationAdoptionFields)
	}
	return result, nil
}

// Fault is trouble that the stand-in plays on demand.
type Fault struct {
	// Kind is one of the Fault constants, or "" for none.
	Kind FaultKind
	// Message is for FaultTerminal.
	Message string
}

// FaultKind names a fault.
type FaultKind string

// The faults.
const (
	FaultNone         FaultKind = ""
	FaultFailed       FaultKind = "failed"                              // the cluster fails and does not answer
	FaultInaccessible FaultKind = "inaccessible-encryption-credentials" // the KMS key is lost: the cluster does not answer
	FaultTerminal     FaultKind = "terminal"                            // ACK.Terminal with a message, and nothing is done
	FaultSlow         FaultKind = "slow"                                // everything takes ten times as long
)

// ParseFault reads the value of AnnotationFault: failed, inaccessible-encryption-credentials, slow, or terminal:<message>.
func ParseFault(text string) (Fault, error) {
	kind, message, _ := strings.Cut(text, ":")
	fault := Fault{Kind: FaultKind(kind), Message: message}
	switch fault.Kind {
	case FaultNone, FaultFailed, FaultInaccessible, FaultTerminal, FaultSlow:
		return fault, nil
	}
	return Fault{}, fmt.Errorf("annotation %s is %q: it must be failed, inaccessible-encryption-credentials, slow or terminal:<message>", AnnotationFault, text)
}
