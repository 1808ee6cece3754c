// Package observe reads what a tenant has on the cluster into one struct. It only reads, and from whatever reader it is
// given: the manager's cache while a tenant lives, the API server itself while it is torn down.
package observe

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	rds "halo.dev/halo/api/rds/v1alpha1"
	"halo.dev/halo/internal/naming"
)

// Lists returns an empty list of every kind of child that lives in a tenant's namespace. There is no list of Secrets:
// the operator has no right to read them.
func Lists() []client.ObjectList {
	return []client.ObjectList{
		&corev1.ServiceAccountList{}, &corev1.ConfigMapList{}, &corev1.ServiceList{}, &corev1.PodList{},
		&networkingv1.NetworkPolicyList{}, &networkingv1.IngressList{}, &policyv1.PodDisruptionBudgetList{},
		&appsv1.DeploymentList{}, &batchv1.JobList{},
		&corev1.ResourceQuotaList{}, &corev1.LimitRangeList{}, &autoscalingv2.HorizontalPodAutoscalerList{},
		&rds.DBSubnetGroupList{}, &rds.DBClusterParameterGroupList{}, &rds.DBClusterList{}, &rds.DBInstanceList{},
	}
}

// ListsOf returns an empty list of each kind that the cluster may lack and does have.
func ListsOf(kinds []schema.GroupVersionKind) []client.ObjectList {
	var lists []client.ObjectList
	for _, kind := range kinds {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(kind.GroupVersion().WithKind(kind.Kind + "List"))
		lists = append(lists, list)
	}
	return lists
}

// Key names a child within its tenant.
type Key struct{ Kind, Name string }

// State is what a tenant has. The objects belong to the reader and must not be changed.
type State struct {
	Namespace *corev1.Namespace
	children  map[Key]client.Object
}

// Read lists the children of a tenant: those of every cluster, and those of the further kinds that this one has.
func Read(ctx context.Context, reader client.Reader, scheme *runtime.Scheme, tenant string, further ...schema.GroupVersionKind) (State, error) {
	state, err := ReadLists(ctx, reader, scheme, tenant, Lists())
	if err != nil || state.Namespace == nil {
		return state, err
	}
	for _, list := range ListsOf(further) {
		// A kind that was uninstalled since has left nothing behind; a tenant must be able to go all the same.
		if err := state.add(ctx, reader, scheme, list, tenant); err != nil && !uninstalled(err) {
			return state, err
		}
	}
	return state, nil
}

// ReadLists lists those of a tenant's children that the lists are of, for a reader who has the right to no others.
func ReadLists(ctx context.Context, reader client.Reader, scheme *runtime.Scheme, tenant string, lists []client.ObjectList) (State, error) {
	state := State{children: map[Key]client.Object{}}
	namespace := &corev1.Namespace{}
	err := reader.Get(ctx, client.ObjectKey{Name: naming.Namespace(tenant)}, namespace)
	switch {
	case apierrors.IsNotFound(err):
		return state, nil
	case err != nil:
		return state, fmt.Errorf("reading namespace %s: %w", naming.Namespace(tenant), err)
	}
	state.Namespace = namespace
	for _, list := range lists {
		if err := state.add(ctx, reader, scheme, list, tenant); err != nil {
			return state, err
		}
	}
	return state, nil
}

// uninstalled tells whether a list failed because the API server does not know the kind.
func uninstalled(err error) bool { return apierrors.IsNotFound(err) || meta.IsNoMatchError(err) }

func (s *State) add(ctx context.Context, reader client.Reader, scheme *runtime.Scheme, list client.ObjectList, tenant string) error {
	err := reader.List(ctx, list, client.InNamespace(naming.Namespace(tenant)), client.MatchingLabels(naming.TenantLabels(tenant)))
	if err != nil {
		return fmt.Errorf("listing %T of tenant %s: %w", list, tenant, err)
	}
	return meta.EachListItem(list, func(item runtime.Object) error {
		object, ok := item.(client.Object)
		if !ok {
			return fmt.Errorf("listing %T of tenant %s: %T has no metadata", list, tenant, item)
		}
		kinds, _, err := scheme.ObjectKinds(object)
		if err != nil {
			return fmt.Errorf("listing %T of tenant %s: %w", list, tenant, err)
		}
		s.children[Key{Kind: kinds[0].Kind, Name: object.GetName()}] = object
		return nil
	})
}

// Live returns what the cluster has in the place of a wanted object, or nil.
func (s State) Live(wanted client.Object) client.Object {
	kind := wanted.GetObjectKind().GroupVersionKind().Kind
	if kind == "Namespace" {
		if s.Namespace == nil {
			return nil
		}
		return s.Namespace
	}
	return s.children[Key{Kind: kind, Name: wanted.GetName()}]
}

// Cluster returns the tenant's DBCluster, or nil.
func (s State) Cluster(tenant string) *rds.DBCluster {
	cluster, _ := s.children[Key{Kind: "DBCluster", Name: naming.Database(tenant)}].(*rds.DBCluster)
	return cluster
}

// ReadCluster asks for the DBCluster by its name when it is not among what was listed: one whose labels were removed by
// hand is still the tenant's database.
func (s *State) ReadCluster(ctx context.Context, reader client.Reader, tenant string) error {
	if s.Namespace == nil || s.Cluster(tenant) != nil {
		return nil
	}
	cluster := &rds.DBCluster{}
	err := reader.Get(ctx, client.ObjectKey{Namespace: naming.Namespace(tenant), Name: naming.Database(tenant)}, cluster)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading DBCluster %s: %w", naming.Database(tenant), err)
	}
	s.children[Key{Kind: "DBCluster", Name: cluster.Name}] = cluster
	return nil
}

// Deployment returns the server's Deployment, or nil.
func (s State) Deployment() *appsv1.Deployment {
	deployment, _ := s.children[Key{Kind: "Deployment", Name: naming.Server}].(*appsv1.Deployment)
	return deployment
}

// Ingress returns an Ingress by its name, or nil.
func (s State) Ingress(name string) *networkingv1.Ingress {
	ingress, _ := s.children[Key{Kind: "Ingress", Name: name}].(*networkingv1.Ingress)
	return ingress
}

// Autoscaler returns the server's HorizontalPodAutoscaler, or nil.
func (s State) Autoscaler() *autoscalingv2.HorizontalPodAutoscaler {
	autoscaler, _ := s.children[Key{Kind: "HorizontalPodAutoscaler", Name: naming.Server}].(*autoscalingv2.HorizontalPodAutoscaler)
	return autoscaler
}

// ServerCA returns the CA by which entrances verify the pods; empty when they do not.
func (s State) ServerCA() string {
	config, ok := s.children[Key{Kind: "ConfigMap", Name: naming.ServerCA}].(*corev1.ConfigMap)
	if !ok {
		return ""
	}
	return config.Data["ca.crt"]
}

// Optional returns an object of a kind that a cluster may lack, or nil.
func (s State) Optional(kind schema.GroupVersionKind, name string) *unstructured.Unstructured {
	object, _ := s.children[Key{Kind: kind.Kind, Name: name}].(*unstructured.Unstructured)
	return object
}

// Job returns a Job by its name, or nil.
func (s State) Job(name string) *batchv1.Job {
	job, _ := s.children[Key{Kind: "Job", Name: name}].(*batchv1.Job)
	return job
}

// Instances returns the DBInstances by name.
func (s State) Instances() map[string]*rds.DBInstance { return byName[*rds.DBInstance](s) }

// Of returns the children of a kind.
func (s State) Of(kinds ...string) []client.Object {
	var objects []client.Object
	for key, object := range s.children {
		for _, kind := range kinds {
			if key.Kind == kind {
				objects = append(objects, object)
			}
		}
	}
	return objects
}

// Pods returns the pods of a component.
func (s State) Pods(component string) []*corev1.Pod {
	var pods []*corev1.Pod
	for _, pod := range byName[*corev1.Pod](s) {
		if pod.Labels[naming.LabelComponent] == component {
			pods = append(pods, pod)
		}
	}
	return pods
}

func byName[T client.Object](s State) map[string]T {
	found := map[string]T{}
	for key, object := range s.children {
		if typed, ok := object.(T); ok {
			found[key.Name] = typed
		}
	}
	return found
}
