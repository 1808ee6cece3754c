package ack

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"halo.dev/halo/test/awslocal/rds"
)

// target is an object's spec, read and with its references followed: a thing that may exist in the account.
type target interface {
	// find observes it; nil when there is no such thing.
	find(account *rds.Account, now time.Time) *observation
	// credentials reads the Secrets that the next call will need.
	credentials(ctx context.Context, exists bool) error
	// create makes it.
	create(account *rds.Account, now time.Time) error
	// update changes what differs. Nil means that nothing differs and nothing is under way.
	update(account *rds.Account, now time.Time) error
	// remove asks for its deletion.
	remove(account *rds.Account, now time.Time) error
	// fault plays a fault on it, or none.
	fault(account *rds.Account, fault Fault)
}

// observation is what was found in the account.
type observation struct {
	arn    string
	status any
	// spec are the values that ACK writes back.
	spec map[string]any
}

// kind is one of ACK's kinds.
type kind struct {
	name       string
	identifier string // the field of the spec that names the thing in the account
	// read makes a target of an object's spec; follow says whether references are followed.
	read func(ctx context.Context, access access, object *unstructured.Unstructured, follow bool) (target, error)
}

func kinds() []kind {
	return []kind{
		{name: "DBSubnetGroup", identifier: "name", read: readSubnetGroup},
		{name: "DBClusterParameterGroup", identifier: "name", read: readParameterGroup},
		{name: "DBCluster", identifier: "dbClusterIdentifier", read: readCluster},
		{name: "DBInstance", identifier: "dbInstanceIdentifier", read: readInstance},
		{name: "DBClusterSnapshot", identifier: "dbClusterSnapshotIdentifier", read: readSnapshot},
	}
}

// plain is what most targets have nothing to say to.
type plain struct{}

func (plain) credentials(context.Context, bool) error { return nil }
func (plain) fault(*rds.Account, Fault)               {}
