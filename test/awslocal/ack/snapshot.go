package ack

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"halo.dev/halo/test/awslocal/rds"
)

type snapshotTarget struct {
	spec snapshotSpec
}

func readSnapshot(ctx context.Context, access access, object *unstructured.Unstructured, follow bool) (target, error) {
	t := &snapshotTarget{}
	if err := decode(object.Object["spec"], &t.spec); err != nil {
		return nil, err
	}
	if !follow || t.spec.ClusterRef == nil {
		return t, nil
	}
	if t.spec.Cluster != "" {
		return nil, terminal("only one of dbClusterIdentifier and dbClusterIdentifierRef may be given")
	}
	name, err := access.follow(ctx, "DBCluster", "dbClusterIdentifier", object.GetNamespace(), *t.spec.ClusterRef)
	t.spec.Cluster = name
	return t, err
}

func (t *snapshotTarget) find(account *rds.Account, _ time.Time) *observation {
	snapshot := account.Snapshots[t.spec.Identifier]
	if snapshot == nil {
		return nil
	}
	values := map[string]any{}
	if t.spec.ClusterRef == nil {
		values["dbClusterIdentifier"] = snapshot.Cluster
	}
	return &observation{arn: account.ARN("cluster-snapshot", snapshot.Identifier), status: statusOfSnapshot(snapshot), spec: values}
}

func (t *snapshotTarget) credentials(context.Context, bool) error { return nil }

func (t *snapshotTarget) create(account *rds.Account, now time.Time) error {
	return account.CreateSnapshot(t.spec.Identifier, t.spec.Cluster, tagMap(t.spec.Tags), now)
}

func (t *snapshotTarget) update(account *rds.Account, _ time.Time) error {
	if snapshot := account.Snapshots[t.spec.Identifier]; snapshot.Status != rds.Available {
		return wait("DB cluster snapshot is in '%s' state, not 'available'.", snapshot.Status)
	}
	return nil
}

func (t *snapshotTarget) remove(account *rds.Account, _ time.Time) error {
	return account.DeleteSnapshot(t.spec.Identifier)
}

func (t *snapshotTarget) fault(account *rds.Account, fault Fault) {
	if fault.Kind == FaultFailed {
		account.FailSnapshot(t.spec.Identifier)
	}
}
