package desired

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"halo.dev/halo/internal/naming"
)

// Objects are what a tenant has beside its namespace, its configuration and its database, in the order in which they
// are made: the walls first. What a tenant no longer has comes last.
func Objects(in Input) []Item {
	items := []Item{
		{Object: Quota(in), Reason: "keeps the tenant to what its class gives it"},
		{Object: ServiceAccount(in), Reason: "what the pods run as"},
		{Object: DefaultDeny(in), Reason: "shuts every pod off"},
		{Object: ServerPolicy(in), Reason: "lets the server talk to exactly what it needs"},
		{Object: MigratePolicy(in), Reason: "lets the migration talk to the database"},
		{Object: DisruptionBudget(in), Reason: "keeps pods while nodes are drained"},
	}
	if limits := LimitRange(in); limits != nil {
		items = append(items, Item{Object: limits, Reason: "gives containers that say nothing a limit"})
	}
	if certificate := Certificate(in); certificate != nil {
		items = append(items, Item{Object: certificate, Reason: "asks cert-manager for the server's certificate"})
	}
	items = append(items, Entrances(in)...)
	if autoscaler := Autoscaler(in); autoscaler != nil {
		items = append(items, Item{Object: autoscaler, Reason: "adds pods when they are busy"})
	}
	return append(items, absent(items)...)
}

// absent names what some classes give and this one does not. Only these kinds and names are ever removed from a tenant
// that lives: none holds data.
func absent(wanted []Item) []Item {
	there := map[Named]bool{}
	for _, item := range wanted {
		there[NameOf(item.Object)] = true
	}
	var items []Item
	for _, candidate := range removable() {
		if !there[NameOf(candidate)] {
			items = append(items, Item{Object: candidate, Absent: true, Reason: "the tenant has none any more"})
		}
	}
	return items
}

// Named tells an object from the others of a tenant.
type Named struct{ Kind, Name string }

// NameOf names an object that has its kind.
func NameOf(object client.Object) Named {
	return Named{Kind: object.GetObjectKind().GroupVersionKind().Kind, Name: object.GetName()}
}

func removable() []client.Object {
	objects := []client.Object{
		named(schema.GroupVersionKind{Group: "autoscaling", Version: "v2", Kind: "HorizontalPodAutoscaler"}, naming.Server),
		named(schema.GroupVersionKind{Version: "v1", Kind: "LimitRange"}, naming.Allowance),
		named(KindCertificate, naming.ServerTLS),
	}
	for _, kind := range []schema.GroupVersionKind{
		{Group: "networking.k8s.io", Version: "v1", Kind: "Ingress"}, KindRoute, KindBackendPolicy, KindServersTransport,
	} {
		objects = append(objects, named(kind, naming.Server), named(kind, naming.Console))
	}
	return append(objects, named(schema.GroupVersionKind{Version: "v1", Kind: "Service"}, naming.Console))
}

func named(kind schema.GroupVersionKind, name string) client.Object {
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(kind)
	object.SetName(name)
	return object
}

// Serving are what is made once the database can be used; empty until then.
func Serving(in Input) []Item {
	deployment := Deployment(in)
	if deployment == nil {
		return nil
	}
	return []Item{{Object: deployment, Reason: "serves the visitors"}}
}
