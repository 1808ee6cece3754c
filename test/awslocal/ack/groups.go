package ack

import (
	"context"
	"maps"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"halo.dev/halo/test/awslocal/rds"
)

type subnetGroupTarget struct {
	plain
	wanted rds.SubnetGroup
}

func readSubnetGroup(_ context.Context, _ access, object *unstructured.Unstructured, _ bool) (target, error) {
	var spec subnetGroupSpec
	if err := decode(object.Object["spec"], &spec); err != nil {
		return nil, err
	}
	return &subnetGroupTarget{wanted: rds.SubnetGroup{Name: spec.Name, Description: spec.Description, Subnets: spec.Subnets, Tags: tagMap(spec.Tags)}}, nil
}

func (t *subnetGroupTarget) find(account *rds.Account, _ time.Time) *observation {
	group := account.SubnetGroups[t.wanted.Name]
	if group == nil {
		return nil
	}
	return &observation{arn: account.ARN("subgrp", group.Name), status: statusOfSubnetGroup(account, group)}
}

func (t *subnetGroupTarget) create(account *rds.Account, _ time.Time) error {
	return account.CreateSubnetGroup(t.wanted)
}

func (t *subnetGroupTarget) update(account *rds.Account, _ time.Time) error {
	have := account.SubnetGroups[t.wanted.Name]
	if have.Description == t.wanted.Description && slices.Equal(have.Subnets, t.wanted.Subnets) && maps.Equal(have.Tags, t.wanted.Tags) {
		return nil
	}
	return account.ModifySubnetGroup(t.wanted)
}

func (t *subnetGroupTarget) remove(account *rds.Account, _ time.Time) error {
	return account.DeleteSubnetGroup(t.wanted.Name)
}

type parameterGroupTarget struct {
	plain
	wanted    rds.ParameterGroup
	overrides map[string]string
}

func readParameterGroup(_ context.Context, _ access, object *unstructured.Unstructured, _ bool) (target, error) {
	var spec parameterGroupSpec
	if err := decode(object.Object["spec"], &spec); err != nil {
		return nil, err
	}
	wanted := rds.ParameterGroup{Name: spec.Name, Family: spec.Family, Description: spec.Description, Tags: tagMap(spec.Tags)}
	return &parameterGroupTarget{wanted: wanted, overrides: spec.Overrides}, nil
}

func (t *parameterGroupTarget) find(account *rds.Account, _ time.Time) *observation {
	group := account.ParameterGroups[t.wanted.Name]
	if group == nil {
		return nil
	}
	return &observation{arn: account.ARN("cluster-pg", group.Name), status: statusOfParameterGroup(group)}
}

// create makes two calls, as ACK does: a refused override leaves a group behind.
func (t *parameterGroupTarget) create(account *rds.Account, _ time.Time) error {
	if err := account.CreateParameterGroup(t.wanted); err != nil {
		return err
	}
	return account.SetParameters(t.wanted.Name, t.overrides)
}

func (t *parameterGroupTarget) update(account *rds.Account, _ time.Time) error {
	have := account.ParameterGroups[t.wanted.Name]
	have.Tags = t.wanted.Tags
	if maps.Equal(have.Values, t.overrides) {
		return nil
	}
	return account.SetParameters(t.wanted.Name, t.overrides)
}

func (t *parameterGroupTarget) remove(account *rds.Account, _ time.Time) error {
	return account.DeleteParameterGroup(t.wanted.Name)
}
