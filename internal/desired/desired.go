// Package desired builds the objects that a tenant should have, one file per kind. It is pure: the same input gives the
// same objects, and a builder returns nil for what is not wanted. Nothing here reads a cluster or a clock.
package desired

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/naming"
)

// Input is all that the objects of a tenant are made from.
type Input struct {
	Tenant *halo.HaloTenant
	Class  *halo.HaloTenantClass
	// DatabaseHost is the cluster's endpoint; empty until RDS has given one.
	DatabaseHost string
	// MasterNumber is the number of the master password that the cluster should have.
	MasterNumber int
	// UsersNumber is the number of the database's users that pods should have; 0 is 1.
	UsersNumber int
	// Known is true for a tenant that has, or had, a database: what RDS has of it is adopted, and no cluster is made.
	Known bool
	// Accepted is true when a person has said that the cluster which RDS has is the tenant's: it is adopted.
	Accepted bool
	// Sealing is which keys open what is stored; nil while that is not known. Until then a database that is taken over keeps
	// the tags that it came with: they may be all that tells.
	Sealing *halo.SealingStatus
	// Instances are the numbers of the instances that the cluster should have; nil is 1 up to the class's number.
	Instances []int
	// RestoreFrom is the snapshot that a new cluster is made from; empty for an empty database.
	RestoreFrom string
	// MigrationAttempt counts the attempts at the present migration from 1.
	MigrationAttempt int32
	// RetirementAttempt counts the attempts at dropping the previous users from 1.
	RetirementAttempt int32
	// Scaled means that the number of pods is the autoscaler's: the Deployment's field has another owner (ADR 0101).
	Scaled bool
	// Erasures are the parts of the ledger of erasures that the migration applies to a restored database.
	Erasures []string
	// ManagerNamespace is where the manager's pods are, which may ask the server's; empty for nobody.
	ManagerNamespace string
	// AuthorityPEM is the certificate of the operator's own CA, for entrances that verify the pods.
	AuthorityPEM string
}

// Item is one wanted object and how it is written.
type Item struct {
	// Object holds the fields that the operator owns and keeps as they are here.
	Object client.Object
	// AtCreation, when there, is written when the object does not exist: the owned fields and those that are given
	// only once. It is created, not applied: a name that is taken is an error and never a second owner.
	AtCreation client.Object
	// Once means that an object that exists is never written again.
	Once bool
	// Absent means that there should be no such object; Object has its kind and its name only.
	Absent bool
	// Reason says what the object is for, in a few words.
	Reason string
}

func (in Input) namespace() string { return naming.Namespace(in.Tenant.Name) }

func (in Input) settings() Settings { return Resolve(in.Tenant, in.Class) }

// meta is the metadata of an object that the tenant owns in its namespace.
func (in Input) meta(name string, labels map[string]string) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Name: name, Namespace: in.namespace(), Labels: labels,
		OwnerReferences: []metav1.OwnerReference{in.owner()},
	}
}

func (in Input) owner() metav1.OwnerReference {
	yes := true
	return metav1.OwnerReference{
		APIVersion: halo.GroupVersion.String(), Kind: "HaloTenant",
		Name: in.Tenant.Name, UID: in.Tenant.UID, Controller: &yes, BlockOwnerDeletion: &yes,
	}
}

// pointer returns a pointer to a copy of a value.
func pointer[T any](value T) *T { return &value }
