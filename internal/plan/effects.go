package plan

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	rds "halo.dev/halo/api/rds/v1alpha1"
	"halo.dev/halo/internal/naming"
)

// Kind is what a person has to be told about a change.
type Kind string

// The kinds.
const (
	// Restart means that something that runs is started again.
	Restart Kind = "restart"
	// Dangerous means that data, or the way back to them, may be lost, or that visitors are turned away.
	Dangerous Kind = "dangerous"
)

// Effect is what a change means for what runs and for the data.
type Effect struct {
	Kind Kind
	// Text is one sentence.
	Text string
}

// Effects says what a change means. A change that needs no word has none.
func (c Change) Effects() []Effect {
	switch c.Action {
	case Create:
		return creationEffects(c)
	case Delete:
		return deletionEffects(c.Object.GetKind(), c.Object.GetName())
	}
	rule := updates[c.Object.GetKind()]
	if rule == nil {
		return nil
	}
	return rule(c)
}

func creationEffects(c Change) []Effect {
	if c.Object.GetKind() == "DBCluster" {
		return finalCopyEffects(c)
	}
	return nil
}

func deletionEffects(kind, name string) []Effect {
	switch kind {
	case "DBCluster", "DBInstance", "Namespace":
		return []Effect{{Dangerous, fmt.Sprintf("%s %s goes", kind, name)}}
	case "Ingress", "HTTPRoute":
		if name == naming.Console {
			return []Effect{{Dangerous, "the staff no longer reach their console by this entrance"}}
		}
		return []Effect{{Dangerous, "visitors are no longer served by this entrance"}}
	case "Deployment":
		return []Effect{{Dangerous, "visitors are no longer served"}}
	}
	return nil
}

var updates = map[string]func(Change) []Effect{
	"Deployment":              deploymentEffects,
	"DBCluster":               clusterEffects,
	"DBInstance":              instanceEffects,
	"DBClusterParameterGroup": parameterEffects,
	"Ingress":                 entranceEffects,
	"HTTPRoute":               entranceEffects,
}

func deploymentEffects(c Change) []Effect {
	if c.touches("spec.template") {
		return []Effect{{Restart, "pods are replaced one at a time; a new one serves before an old one goes"}}
	}
	return nil
}

func clusterEffects(c Change) []Effect {
	effects := finalCopyEffects(c)
	if c.touches("spec.deletionProtection") && !boolean(c.Object, "spec", "deletionProtection") {
		effects = append(effects, Effect{Dangerous, "RDS would let the database be deleted"})
	}
	if c.touches("spec.backupRetentionPeriod") {
		was, is := number(c.Live, "spec", "backupRetentionPeriod"), number(c.Object, "spec", "backupRetentionPeriod")
		if is < was {
			effects = append(effects, Effect{Dangerous, fmt.Sprintf("points in time older than %d days can no longer be restored", is)})
		}
	}
	if c.touches("spec.vpcSecurityGroupIDs") {
		effects = append(effects, Effect{Dangerous, "what may connect to the database changes at once"})
	}
	if c.touches("spec.engineVersion") {
		effects = append(effects, Effect{Dangerous, "RDS restarts the database for another version"})
	}
	return effects
}

// finalCopyEffects looks at what ACK reads when the DBCluster is deleted.
func finalCopyEffects(c Change) []Effect {
	wanted := c.Object
	if c.AtCreation != nil {
		wanted = c.AtCreation
	}
	skips := wanted.GetAnnotations()[rds.AnnotationSkipFinalSnapshot] == "true"
	if skips && (c.Live == nil || c.Live.GetAnnotations()[rds.AnnotationSkipFinalSnapshot] != "true") {
		return []Effect{{Dangerous, "deleting the tenant will delete its data without a final copy"}}
	}
	return nil
}

func instanceEffects(c Change) []Effect {
	if c.touches("spec.dbInstanceClass") {
		return []Effect{{Dangerous, "RDS restarts the instance at once; the database fails over when it is the writer"}}
	}
	return nil
}

func parameterEffects(c Change) []Effect {
	if c.touches("spec.parameterOverrides") {
		return []Effect{{Restart, "parameters that are static wait until a person restarts the database"}}
	}
	return nil
}

func entranceEffects(c Change) []Effect {
	switch {
	case !c.touches("spec.rules") && !c.touches("spec.hostnames"):
		return nil
	case c.Object.GetName() == naming.Console:
		return []Effect{{Dangerous, "the staff no longer reach their console by the hostname of before"}}
	}
	return []Effect{{Dangerous, "pages that load the widget from the hostname of before are no longer served"}}
}

// touches tells whether a field or one below it differs.
func (c Change) touches(path string) bool {
	for _, field := range c.Fields {
		if field == path || strings.HasPrefix(field, path+".") || strings.HasPrefix(field, path+"[") {
			return true
		}
	}
	return false
}

func boolean(object *unstructured.Unstructured, path ...string) bool {
	value, _, _ := unstructured.NestedBool(object.Object, path...)
	return value
}

func number(object *unstructured.Unstructured, path ...string) int64 {
	value, _, _ := unstructured.NestedInt64(object.Object, path...)
	return value
}
