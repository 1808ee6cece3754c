package rds

import (
	"crypto/sha1" //nolint:gosec // the authentication plugin of MySQL's own protocol is defined by it
	"encoding/hex"
	"maps"
	"strings"
	"time"
)

// WorkKind names a piece of physical work.
type WorkKind string

// The kinds of work. Each may be done again from its beginning when it was interrupted.
const (
	Provision     WorkKind = "provision"      // make the data folder and the master user
	ResetPassword WorkKind = "reset-password" // give the master user the password with the cluster's hash
	TakeSnapshot  WorkKind = "snapshot"       // copy the data folder while the cluster runs
	Destroy       WorkKind = "destroy"        // stop, keep the data as a final snapshot if one is named, remove the rest
)

// Work is a piece of physical work that a cluster waits for.
type Work struct {
	Kind     WorkKind `json:"kind"`
	Snapshot string   `json:"snapshot,omitempty"`
}

// Finish records that the first piece of a cluster's work has ended, well or with err.
func (a *Account) Finish(identifier string, work Work, err error) {
	cluster := a.Clusters[identifier]
	if cluster == nil || len(cluster.Work) == 0 || cluster.Work[0] != work {
		return
	}
	cluster.Work = cluster.Work[1:]
	snapshot := a.Snapshots[work.Snapshot]
	switch {
	case err != nil && snapshot != nil:
		snapshot.Status, snapshot.Reason = Failed, err.Error()
	case snapshot != nil:
		snapshot.Copied = true
	}
	if err != nil && work.Kind != TakeSnapshot {
		cluster.Broken = true
		return
	}
	if work.Kind == Provision {
		cluster.Provisioned = true
	}
}

// Advance moves everything whose time has come to its next status, and says whether anything moved.
func (a *Account) Advance(now time.Time) bool {
	moved := false
	for _, snapshot := range a.Snapshots {
		if snapshot.Status == Creating && snapshot.Copied && !now.Before(snapshot.Until) {
			snapshot.Status, moved = Available, true
		}
	}
	for identifier, instance := range a.Instances {
		moved = a.advanceInstance(identifier, instance, now) || moved
	}
	for identifier, cluster := range a.Clusters {
		moved = a.advanceCluster(identifier, cluster, now) || moved
	}
	return moved
}

func (a *Account) advanceInstance(identifier string, instance *Instance, now time.Time) bool {
	if now.Before(instance.Until) {
		return false
	}
	if instance.Fault != "" && instance.Status != Deleting {
		moved := instance.Status != instance.Fault
		instance.Status = instance.Fault
		return moved
	}
	switch instance.Status {
	case Deleting:
		delete(a.Instances, identifier)
		return true
	case Creating, Modifying, Failed, InaccessibleKey:
		// An instance that says available answers: so it waits for the server.
		if cluster := a.Clusters[instance.Cluster]; cluster == nil || !cluster.Running {
			return false
		}
		instance.Status = Available
		return true
	}
	return false
}

func (a *Account) advanceCluster(identifier string, cluster *Cluster, now time.Time) bool {
	if len(cluster.Work) > 0 || now.Before(cluster.Until) {
		return false
	}
	if cluster.Status == Deleting && !cluster.Broken {
		delete(a.Clusters, identifier)
		return true
	}
	rest := Available
	switch {
	case cluster.Broken:
		rest = Failed
	case cluster.Fault != "":
		rest = cluster.Fault
	}
	moved := cluster.Status != rest
	cluster.Status = rest
	return moved
}

// SetFault puts a cluster into a fault (Failed, InaccessibleKey) or takes it out ("" ), and makes it slow or not.
func (a *Account) SetFault(identifier string, fault Status, slow bool) {
	cluster := a.Clusters[identifier]
	if cluster == nil {
		return
	}
	cluster.Fault, cluster.Slow = fault, slow
}

// Compute is what should run for a cluster.
type Compute struct {
	Running bool
	// Options at the next start.
	Options map[string]string
	// Dynamic are the options that a running server is to have.
	Dynamic map[string]string
}

// Compute says what should run: a server, when there is an instance to be it.
func (a *Account) Compute(cluster *Cluster) Compute {
	values := map[string]string{}
	if group := a.ParameterGroups[*cluster.ParameterGroup]; group != nil {
		values = group.Values
	}
	compute := Compute{Options: Options(values), Dynamic: DynamicOptions(values)}
	if !cluster.Provisioned || cluster.Status == Deleting || cluster.Broken || cluster.Fault != "" {
		return compute
	}
	for _, identifier := range a.Members(cluster.Identifier) {
		compute.Running = compute.Running || a.Instances[identifier].Status != Deleting
	}
	return compute
}

// Started records that a cluster's server has just started and so has every static parameter.
func (a *Account) Started(identifier string) {
	if cluster := a.Clusters[identifier]; cluster != nil {
		cluster.Running = true
		if group := a.ParameterGroups[*cluster.ParameterGroup]; group != nil {
			cluster.StaticApplied = static(group.Values)
		} else {
			cluster.StaticApplied = nil
		}
	}
}

// Stopped records that a cluster's server has stopped.
func (a *Account) Stopped(identifier string) {
	if cluster := a.Clusters[identifier]; cluster != nil {
		cluster.Running = false
	}
}

// PendingReboot says whether static parameters wait for a restart.
func (a *Account) PendingReboot(cluster *Cluster) bool {
	wanted := map[string]string{}
	if group := a.ParameterGroups[*cluster.ParameterGroup]; group != nil {
		wanted = static(group.Values)
	}
	return cluster.Running && !maps.Equal(wanted, cluster.StaticApplied)
}

// NativePasswordHash is how mysql_native_password keeps a password: enough to set it, and not the password. It lets
// the state on disk do without one.
func NativePasswordHash(password string) string {
	first := sha1.Sum([]byte(password)) //nolint:gosec // see above
	second := sha1.Sum(first[:])        //nolint:gosec // see above
	return "*" + strings.ToUpper(hex.EncodeToString(second[:]))
}
