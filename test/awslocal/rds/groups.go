package rds

import (
	"maps"
	"slices"
)

// ParameterGroup is a DB cluster parameter group.
type ParameterGroup struct {
	Name        string            `json:"name"`
	Family      string            `json:"family"`
	Description string            `json:"description"`
	Values      map[string]string `json:"values"`
	Tags        map[string]string `json:"tags,omitempty"`
}

// SubnetGroup is a DB subnet group. The stand-in has no subnets: it checks only their names and their number.
type SubnetGroup struct {
	Name        string            `json:"name"`
	Description string            `json:"description"`
	Subnets     []string          `json:"subnets"`
	Tags        map[string]string `json:"tags,omitempty"`
}

// CreateParameterGroup adds an empty group. Values come by SetParameters, as two calls of the service do.
func (a *Account) CreateParameterGroup(group ParameterGroup) error {
	if err := checkIdentifier("DBClusterParameterGroupName", group.Name, 255); err != nil {
		return err
	}
	if group.Family != Family {
		return refuse(InvalidParameterValue, "ParameterGroupFamily %s is not a valid parameter group family", group.Family)
	}
	if group.Description == "" {
		return refuse(InvalidParameterValue, "The parameter Description must be provided and must not be blank.")
	}
	if a.ParameterGroups[group.Name] != nil {
		return refuse(ParameterGroupAlreadyExists, "Parameter group %s already exists", group.Name)
	}
	group.Values = map[string]string{}
	a.ParameterGroups[group.Name] = &group
	return nil
}

// SetParameters makes values the group's overrides, all or none. Clusters take the dynamic ones at once and the
// static ones when they start the next time.
func (a *Account) SetParameters(name string, values map[string]string) error {
	group := a.ParameterGroups[name]
	if group == nil {
		return refuse(ParameterGroupNotFound, "DBClusterParameterGroup not found: %s", name)
	}
	if err := checkParameters(values); err != nil {
		return err
	}
	group.Values = maps.Clone(values)
	return nil
}

// DeleteParameterGroup removes a group that no cluster uses.
func (a *Account) DeleteParameterGroup(name string) error {
	if a.ParameterGroups[name] == nil {
		return refuse(ParameterGroupNotFound, "DBClusterParameterGroup not found: %s", name)
	}
	for _, cluster := range a.Clusters {
		if *cluster.ParameterGroup == name {
			return refuse(InvalidParameterGroupState, "One or more database instances are still members of this parameter group %s, so the group cannot be deleted", name)
		}
	}
	delete(a.ParameterGroups, name)
	return nil
}

// CreateSubnetGroup adds a group of at least two subnets.
func (a *Account) CreateSubnetGroup(group SubnetGroup) error {
	if group.Name == "" || len(group.Name) > 255 || group.Name == "default" {
		return refuse(InvalidParameterValue, "The parameter DBSubnetGroupName is not a valid identifier.")
	}
	if err := checkSubnets(group.Subnets); err != nil {
		return err
	}
	if a.SubnetGroups[group.Name] != nil {
		return refuse(SubnetGroupAlreadyExists, "The DB subnet group '%s' already exists.", group.Name)
	}
	a.SubnetGroups[group.Name] = &group
	return nil
}

// ModifySubnetGroup replaces a group's subnets and description.
func (a *Account) ModifySubnetGroup(group SubnetGroup) error {
	if a.SubnetGroups[group.Name] == nil {
		return refuse(SubnetGroupNotFound, "DB subnet group '%s' does not exist.", group.Name)
	}
	if err := checkSubnets(group.Subnets); err != nil {
		return err
	}
	a.SubnetGroups[group.Name] = &group
	return nil
}

// DeleteSubnetGroup removes a group that no cluster uses.
func (a *Account) DeleteSubnetGroup(name string) error {
	if a.SubnetGroups[name] == nil {
		return refuse(SubnetGroupNotFound, "DB subnet group '%s' does not exist.", name)
	}
	for _, cluster := range a.Clusters {
		if *cluster.SubnetGroup == name {
			return refuse(InvalidSubnetGroupState, "Cannot delete the subnet group '%s' because at least one database instance: %s is still using it.", name, cluster.Identifier)
		}
	}
	delete(a.SubnetGroups, name)
	return nil
}

func checkSubnets(subnets []string) error {
	for _, subnet := range subnets {
		if !hasPrefix(subnet, "subnet-") {
			return refuse(InvalidSubnet, "The subnet ID '%s' does not exist", subnet)
		}
	}
	distinct := slices.Compact(slices.Sorted(slices.Values(subnets)))
	if len(distinct) < 2 {
		return refuse(SubnetGroupNotEnoughZones, "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Current AZ coverage: %d. Add subnets to cover at least 2 AZs.", len(distinct))
	}
	return nil
}
