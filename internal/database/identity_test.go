package database_test

import (
	"slices"
	"testing"

	rds "halo.dev/halo/api/rds/v1alpha1"
	"halo.dev/halo/internal/database"
)

func identified(resourceID string) *rds.DBCluster {
	object := cluster("available")
	object.Status.DBClusterResourceID = &resourceID
	return object
}

// unmanaged is what ACK shows of a database that somebody else has made: everything, and that it is not its own.
func unmanaged() *rds.DBCluster {
	words, arn := "This resource already exists but is not managed by ACK. To bring …", "arn:aws:rds:us-east-1:123456789012:cluster:halo-acme"
	object := identified("cluster-b")
	object.Status.ACKResourceMetadata = &rds.ResourceMetadata{ARN: &arn}
	object.Status.Conditions = []rds.Condition{{Type: rds.ConditionTerminal, Status: "True", Message: &words}}
	return object
}

func TestWhatACKDoesNotManageCannotBeUsed(t *testing.T) {
	endpoint := "db.example"
	object := unmanaged()
	object.Status.Endpoint = &endpoint
	state := database.Assess(object, nil, nil)
	if state.Exists || state.Serving || state.CanTakeInstances || !state.Failed || state.Endpoint != "" {
		t.Errorf("%+v", state)
	}
	if got := database.Refused(object); got != database.TakenAtRDS {
		t.Errorf("it reads as %q", got)
	}
	object.Annotations = map[string]string{rds.AnnotationAdoptionPolicy: "adopt"}
	if database.Refused(object) != "" {
		t.Error("it is refused although it was accepted")
	}
}

func TestWhichDatabaseMayBeMade(t *testing.T) {
	cases := []struct {
		name     string
		identity database.Identity
		want     database.Claim
		id       string
	}{
		{"a tenant that never had one", database.Identity{}, database.ClaimNew, ""},
		{"one that is there", database.Identity{Present: identified("cluster-a")}, database.ClaimKnown, "cluster-a"},
		{"one that RDS has not named yet", database.Identity{Present: cluster("")}, database.ClaimKnown, ""},
		{"one that is recorded and gone", database.Identity{Recorded: "cluster-a"}, database.ClaimKnown, "cluster-a"},
		{"one that was seen and is gone", database.Identity{Created: true}, database.ClaimKnown, ""},
		{"one whose record is lost, but not the annotation", database.Identity{Annotated: "cluster-a"}, database.ClaimKnown, "cluster-a"},
		{"the same again", database.Identity{Recorded: "cluster-a", Present: identified("cluster-a")}, database.ClaimKnown, "cluster-a"},
		{"another one", database.Identity{Recorded: "cluster-a", Present: identified("cluster-b")}, database.ClaimReplaced, "cluster-a"},
		{"another one, and the status was lost", database.Identity{Annotated: "cluster-a", Present: identified("cluster-b")}, database.ClaimReplaced, "cluster-a"},
		{"another one that a person accepted", database.Identity{Recorded: "cluster-a", Accepted: "cluster-b", Present: identified("cluster-b")}, database.ClaimKnown, "cluster-b"},
		{"another one than the person accepted", database.Identity{Recorded: "cluster-a", Accepted: "cluster-c", Present: identified("cluster-b")}, database.ClaimReplaced, "cluster-a"},
		{"one that ACK shows and does not manage", database.Identity{Created: true, Present: unmanaged()}, database.ClaimKnown, ""},
		{"the same in the place of a known one", database.Identity{Recorded: "cluster-a", Present: unmanaged()}, database.ClaimKnown, "cluster-a"},
		{"one that is to be adopted", database.Identity{Adopts: true}, database.ClaimKnown, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := c.identity.Claim(); got != c.want {
				t.Errorf("claim %s, want %s", got, c.want)
			}
			if got := c.identity.ResourceID(); got != c.id {
				t.Errorf("remembered as %q, want %q", got, c.id)
			}
		})
	}
}

func TestACKsWordsAboutWhatIsThere(t *testing.T) {
	words := func(text string) []rds.Condition {
		return []rds.Condition{{Type: rds.ConditionTerminal, Status: "True", Message: &text}}
	}
	taken := cluster("", words("This resource already exists but is not managed by ACK. To bring …")...)
	lost := cluster("", words("resource not found: DBClusterNotFoundFault")...)
	lost.Annotations = map[string]string{rds.AnnotationAdoptionPolicy: "adopt"}
	for want, object := range map[database.Refusal]*rds.DBCluster{
		database.TakenAtRDS: taken, database.LostAtRDS: lost, "": cluster("available", words("it already exists")...),
	} {
		if got := database.Refused(object); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := database.Refused(cluster("", words("subnet group does not exist")...)); got != "" {
		t.Errorf("a group that is missing reads as %q", got)
	}
}

func TestFewerInstancesAreTheHighestButNeverTheWriter(t *testing.T) {
	cases := []struct {
		name           string
		present        []int
		wanted, writer int
		want           []int
	}{
		{"as many as wanted", []int{1, 2}, 2, 1, nil},
		{"one fewer", []int{1, 2, 3}, 2, 1, []int{3}},
		{"two fewer", []int{1, 2, 3}, 1, 1, []int{3, 2}},
		{"the highest writes", []int{1, 2, 3}, 2, 3, []int{2}},
		{"only the writer is left", []int{1, 2, 3}, 1, 2, []int{3, 1}},
		{"the writer is not known", []int{1, 2, 3}, 1, 0, nil},
		{"never none", []int{2}, 0, 2, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := database.Surplus(c.present, c.wanted, c.writer)
			if !slices.Equal(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
			if slices.Contains(got, c.writer) && c.writer != 0 {
				t.Error("the writer would go")
			}
		})
	}
	if got := database.Numbers(2, 3); !slices.Equal(got, []int{1, 3}) {
		t.Errorf("wanted with a writer beyond: %v", got)
	}
	if got := database.Numbers(3, 2); !slices.Equal(got, []int{1, 2, 3}) {
		t.Errorf("wanted: %v", got)
	}
}

func TestInstancesInOneZoneAreSeen(t *testing.T) {
	in := func(zones ...string) map[string]*rds.DBInstance {
		instances := map[string]*rds.DBInstance{}
		for index, zone := range zones {
			object := &rds.DBInstance{}
			if zone != "" {
				object.Spec.AvailabilityZone = &zone
			}
			instances[string(rune('a'+index))] = object
		}
		return instances
	}
	for want, instances := range map[string]map[string]*rds.DBInstance{
		"us-east-1a": in("us-east-1a", "us-east-1a"), "": in("us-east-1a", "us-east-1b"),
	} {
		if got := database.OneZone(instances); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := database.OneZone(in("us-east-1a", "")); got != "" {
		t.Errorf("with a zone that is not known: %q", got)
	}
	if got := database.OneZone(in("us-east-1a")); got != "" {
		t.Errorf("a single instance: %q", got)
	}
}
