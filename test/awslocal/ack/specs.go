package ack

import (
	"encoding/json"
	"fmt"

	"halo.dev/halo/test/awslocal/rds"
)

// The specs of ACK's resources, as far as the stand-in knows them. Names in JSON are exactly the published ones.

type tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

type secretReference struct {
	Key       string `json:"key"`
	Name      string `json:"name,omitempty"`
	Namespace string `json:"namespace,omitempty"`
}

type reference struct {
	From struct {
		Name      string `json:"name"`
		Namespace string `json:"namespace,omitempty"`
	} `json:"from"`
}

type clusterSpec struct {
	rds.Identity
	rds.Preferences
	MasterUserPassword       *secretReference `json:"masterUserPassword,omitempty"`
	ManageMasterUserPassword bool             `json:"manageMasterUserPassword,omitempty"`
	ParameterGroupRef        *reference       `json:"dbClusterParameterGroupRef,omitempty"`
	SubnetGroupRef           *reference       `json:"dbSubnetGroupRef,omitempty"`
	SnapshotIdentifier       string           `json:"snapshotIdentifier,omitempty"`
	SourceCluster            string           `json:"sourceDBClusterIdentifier,omitempty"`
	RestoreToTime            string           `json:"restoreToTime,omitempty"`
	RestoreType              string           `json:"restoreType,omitempty"`
	UseLatestRestorableTime  bool             `json:"useLatestRestorableTime,omitempty"`
	Tags                     []tag            `json:"tags,omitempty"`
}

type instanceSpec struct {
	rds.InstanceRequest
	Tags []tag `json:"tags,omitempty"`
}

type snapshotSpec struct {
	Identifier string     `json:"dbClusterSnapshotIdentifier"`
	Cluster    string     `json:"dbClusterIdentifier,omitempty"`
	ClusterRef *reference `json:"dbClusterIdentifierRef,omitempty"`
	Tags       []tag      `json:"tags,omitempty"`
}

type parameterGroupSpec struct {
	Name        string            `json:"name"`
	Family      string            `json:"family"`
	Description string            `json:"description"`
	Overrides   map[string]string `json:"parameterOverrides,omitempty"`
	Tags        []tag             `json:"tags,omitempty"`
}

type subnetGroupSpec struct {
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Subnets     []string `json:"subnetIDs,omitempty"`
	Tags        []tag    `json:"tags,omitempty"`
}

// decode reads a part of an object into one of the structs above or below.
func decode(from any, into any) error {
	text, err := json.Marshal(from)
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return terminal("the spec does not have the expected shape: %v", err)
	}
	return nil
}

// encode turns a struct into the map that an unstructured object holds.
func encode(from any) (map[string]any, error) {
	text, err := json.Marshal(from)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	into := map[string]any{}
	if err := json.Unmarshal(text, &into); err != nil {
		return nil, fmt.Errorf("decode: %w", err)
	}
	return into, nil
}

func tagMap(tags []tag) map[string]string {
	result := map[string]string{}
	for _, tag := range tags {
		result[tag.Key] = tag.Value
	}
	return result
}
