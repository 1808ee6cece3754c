package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion is ACK's group for RDS.
var GroupVersion = schema.GroupVersion{Group: "rds.services.k8s.aws", Version: "v1alpha1"}

// AddToScheme registers the kinds of this package.
func AddToScheme(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion,
		&DBSubnetGroup{}, &DBSubnetGroupList{},
		&DBClusterParameterGroup{}, &DBClusterParameterGroupList{},
		&DBCluster{}, &DBClusterList{},
		&DBInstance{}, &DBInstanceList{},
		&DBClusterSnapshot{}, &DBClusterSnapshotList{},
	)
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}
