// Package database decides, from what ACK and RDS report, what a tenant's database can be used for, what is awaited,
// and which step of a teardown comes next. It is pure.
package database

import (
	"fmt"
	"slices"
	"strings"

	rds "halo.dev/halo/api/rds/v1alpha1"
)

// State is what a cluster's reports amount to.
type State struct {
	// Exists is true once RDS has the cluster (it has told a status).
	Exists bool
	// CanTakeInstances is true once the cluster itself has been made.
	CanTakeInstances bool
	// Serving is true when the writer answers at Endpoint.
	Serving bool
	// Ready is true when the cluster and every wanted instance serve, and ACK has nothing terminal to say.
	Ready bool
	// Changing is true while RDS or ACK still works on something.
	Changing bool
	// Failed is true when only a person can help.
	Failed bool
	// Endpoint is the writer's host name; empty until RDS has given one.
	Endpoint string
	// Message is one sentence: what is awaited, in the words of RDS and ACK.
	Message string
}

// usable are the words of RDS for a cluster or an instance that answers.
var usable = []string{
	"available", "backing-up", "modifying", "maintenance", "resetting-master-credentials", "storage-optimization",
	"storage-config-upgrade", "storage-initialization", "update-iam-db-auth", "configuring-enhanced-monitoring",
	"configuring-iam-database-auth", "configuring-log-exports", "promoting",
}

// broken are the words of RDS for what does not heal by itself.
var broken = []string{
	"failed", "inaccessible-encryption-credentials", "inaccessible-encryption-credentials-recoverable",
	"migration-failed", "cloning-failed", "restore-error", "storage-full", "incompatible-network",
	"incompatible-option-group", "incompatible-parameters", "incompatible-restore", "insufficient-capacity", "stopped",
}

// remedies say what a person can do about a broken word.
var remedies = map[string]string{ //nolint:gosec // words of RDS, not credentials
	"inaccessible-encryption-credentials":             "RDS has lost access to the KMS key; enable the key and its grants, then restore from a backup",
	"inaccessible-encryption-credentials-recoverable": "RDS has lost access to the KMS key; enable the key and its grants, then start the cluster",
	"stopped":              "start the cluster in RDS",
	"incompatible-network": "the subnets or security groups of the class no longer fit",
}

// Assess reads a tenant's cluster and the instances that it should have; nil or missing means not seen.
func Assess(cluster *rds.DBCluster, instances map[string]*rds.DBInstance, wanted []string) State {
	if cluster == nil {
		return State{Changing: true, Message: "The DBCluster has not been created yet"}
	}
	state := assessCluster(cluster)
	if !state.Serving {
		return state
	}
	return assessInstances(state, instances, wanted)
}

func assessCluster(cluster *rds.DBCluster) State {
	word := text(cluster.Status.Status)
	state := State{Exists: word != "" || createdAtAWS(cluster.Status.ACKResourceMetadata), Endpoint: text(cluster.Status.Endpoint)}
	name := "DBCluster " + cluster.Name
	terminal := rds.FindCondition(cluster.Status.Conditions, rds.ConditionTerminal)
	switch {
	case Unmanaged(cluster):
		// Whatever ACK shows of it, it is not the tenant's: nothing may be put into it.
		return State{Failed: true, Message: name + ": ACK says: " + sentence(terminal.Words())}
	case cluster.DeletionTimestamp != nil:
		state.Failed = true
		state.Message = name + " is being deleted, and not by the operator; its data are guarded by deletion protection and a final snapshot"
	case rds.IsTrue(cluster.Status.Conditions, rds.ConditionTerminal):
		state.Failed = true
		state.CanTakeInstances = slices.Contains(usable, word)
		state.Message = name + ": ACK says: " + sentence(terminal.Words())
	case word == "":
		state.Changing = true
		state.Message = name + " waits for ACK" + awaited(cluster.Status.Conditions)
	case slices.Contains(broken, word):
		state.Failed = true
		state.Message = fmt.Sprintf("%s is %s in RDS%s", name, word, remedy(word))
	case !slices.Contains(usable, word):
		state.Changing = true
		state.Message = fmt.Sprintf("%s is %s in RDS%s", name, word, awaited(cluster.Status.Conditions))
	default:
		state.CanTakeInstances = true
		state.Serving = state.Endpoint != ""
		state.Changing = word != "available"
		state.Message = fmt.Sprintf("%s is %s", name, word)
	}
	return state
}

func assessInstances(state State, instances map[string]*rds.DBInstance, wanted []string) State {
	serving, waiting := 0, ""
	for _, name := range wanted {
		instance := instances[name]
		var conditions []rds.Condition
		word := "not created yet"
		if instance != nil {
			conditions = instance.Status.Conditions
			word = text(instance.Status.DBInstanceStatus)
		}
		switch {
		case instance != nil && slices.Contains(usable, word) && instance.DeletionTimestamp == nil:
			serving++
			continue
		case rds.IsTrue(conditions, rds.ConditionTerminal):
			state.Failed = true
			waiting = "DBInstance " + name + ": ACK says: " + sentence(rds.FindCondition(conditions, rds.ConditionTerminal).Words())
		case word == "":
			waiting = first(waiting, "DBInstance "+name+" waits for ACK"+awaited(conditions))
		case slices.Contains(broken, word):
			state.Failed = true
			waiting = fmt.Sprintf("DBInstance %s is %s in RDS%s", name, word, remedy(word))
		default:
			waiting = first(waiting, fmt.Sprintf("DBInstance %s is %s%s", name, word, awaited(conditions)))
		}
		state.Changing = true
	}
	state.Serving = serving > 0
	state.Ready = waiting == ""
	if waiting != "" {
		state.Message = waiting
	}
	return state
}

// awaited adds ACK's own words for why it is not in step.
func awaited(conditions []rds.Condition) string {
	for _, conditionType := range []string{rds.ConditionRecoverable, rds.ConditionReferencesResolved, rds.ConditionSynced} {
		condition := rds.FindCondition(conditions, conditionType)
		if condition == nil {
			continue
		}
		bad := (condition.Status == "True") == (conditionType == rds.ConditionRecoverable)
		if words := condition.Words(); bad && words != "" {
			return ": " + sentence(words)
		}
	}
	return ""
}

func createdAtAWS(metadata *rds.ResourceMetadata) bool {
	return metadata != nil && text(metadata.ARN) != ""
}

func remedy(word string) string {
	if hint := remedies[word]; hint != "" {
		return ": " + hint
	}
	return ""
}

// sentence keeps ACK's words short and on one line.
func sentence(words string) string {
	words = strings.Join(strings.Fields(words), " ")
	if len(words) > 300 {
		words = strings.ToValidUTF8(words[:300], "") + "…"
	}
	return words
}

func first(present, next string) string {
	if present != "" {
		return present
	}
	return next
}

func text(value *string) string {
	if value == nil {
		return ""
	}
	return *value
}
