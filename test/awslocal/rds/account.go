package rds

import (
	"fmt"
	"slices"
	"time"
)

// Timings are how long the model stays in a status at least; physical work may take longer.
type Timings struct {
	Create   time.Duration `json:"create"`
	Modify   time.Duration `json:"modify"`
	Delete   time.Duration `json:"delete"`
	Snapshot time.Duration `json:"snapshot"`
	Instance time.Duration `json:"instance"`
}

// DemonstrationTimings are a few seconds each, short enough to watch and long enough for every status to be seen.
func DemonstrationTimings() Timings {
	return Timings{
		Create:   3 * time.Second,
		Modify:   time.Second,
		Delete:   2 * time.Second,
		Snapshot: 2 * time.Second,
		Instance: 2 * time.Second,
	}
}

// Faster returns the timings divided by speed: 2 halves them, 0.5 doubles them. A speed of zero or less leaves none.
func (t Timings) Faster(speed float64) Timings {
	scale := func(d time.Duration) time.Duration {
		if speed <= 0 {
			return 0
		}
		return time.Duration(float64(d) / speed)
	}
	return Timings{Create: scale(t.Create), Modify: scale(t.Modify), Delete: scale(t.Delete), Snapshot: scale(t.Snapshot), Instance: scale(t.Instance)}
}

// Settings are what differs between one account and another and is not kept with the account's contents.
type Settings struct {
	Region          string
	AccountID       string
	ManualSnapshots int // the quota of manual snapshots; final snapshots count too
	Timings         Timings
	// Address gives a cluster its address: the addresses in use in, a free one out.
	Address func(taken []string) (string, error)
	// Random gives n letters and digits for resource identifiers.
	Random func(n int) string
}

// Account is everything that one AWS account holds at RDS in one region. It marshals to JSON and back without loss.
type Account struct {
	Settings        Settings                   `json:"-"`
	Clusters        map[string]*Cluster        `json:"clusters"`
	Instances       map[string]*Instance       `json:"instances"`
	Snapshots       map[string]*Snapshot       `json:"snapshots"`
	ParameterGroups map[string]*ParameterGroup `json:"parameterGroups"`
	SubnetGroups    map[string]*SubnetGroup    `json:"subnetGroups"`
	// Discarded are the data folders (resource IDs) of snapshots that were deleted and wait for their files to go.
	Discarded []string `json:"discarded,omitempty"`
}

// NewAccount is an account with nothing in it.
func NewAccount(settings Settings) *Account {
	return &Account{
		Settings:        settings,
		Clusters:        map[string]*Cluster{},
		Instances:       map[string]*Instance{},
		Snapshots:       map[string]*Snapshot{},
		ParameterGroups: map[string]*ParameterGroup{},
		SubnetGroups:    map[string]*SubnetGroup{},
	}
}

// ARN is the full name of a thing in this account; kind is RDS's own word: cluster, db, cluster-snapshot, cluster-pg, subgrp.
func (a *Account) ARN(kind, identifier string) string {
	return fmt.Sprintf("arn:aws:rds:%s:%s:%s:%s", a.Settings.Region, a.Settings.AccountID, kind, identifier)
}

func (a *Account) defaultKey() string {
	return fmt.Sprintf("arn:aws:kms:%s:%s:key/00000000-0000-4000-8000-000000000000", a.Settings.Region, a.Settings.AccountID)
}

// keyARN is what RDS makes of a key given as a bare ID or an alias: it stores the ARN and answers with that for ever.
func (a *Account) keyARN(key string) string {
	switch {
	case key == "":
		return a.defaultKey()
	case hasPrefix(key, "arn:"):
		return key
	case hasPrefix(key, "alias/"):
		return fmt.Sprintf("arn:aws:kms:%s:%s:key/%s", a.Settings.Region, a.Settings.AccountID, key[len("alias/"):])
	default:
		return fmt.Sprintf("arn:aws:kms:%s:%s:key/%s", a.Settings.Region, a.Settings.AccountID, key)
	}
}

func (a *Account) takenAddresses() []string {
	taken := make([]string, 0, len(a.Clusters))
	for _, cluster := range a.Clusters {
		taken = append(taken, cluster.Address)
	}
	slices.Sort(taken)
	return taken
}

// Members are the identifiers of a cluster's instances in order; the first one writes.
func (a *Account) Members(cluster string) []string {
	var members []string
	for identifier, instance := range a.Instances {
		if instance.Cluster == cluster {
			members = append(members, identifier)
		}
	}
	slices.Sort(members)
	return members
}

func hasPrefix(text, prefix string) bool {
	return len(text) >= len(prefix) && text[:len(prefix)] == prefix
}
