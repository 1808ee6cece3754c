package database

import (
	"slices"

	rds "halo.dev/halo/api/rds/v1alpha1"
)

// Writer is the identifier of the instance that writes, as RDS tells it; empty when it does not.
func Writer(cluster *rds.DBCluster) string {
	if cluster == nil {
		return ""
	}
	for _, member := range cluster.Status.DBClusterMembers {
		if member.IsClusterWriter != nil && *member.IsClusterWriter {
			return text(member.DBInstanceIdentifier)
		}
	}
	return ""
}

// Surplus names the instances that may go because fewer are wanted: the highest numbers first, and never the one that
// writes. present and the result are numbers; writer is 0 when it is not known, and then nothing goes.
func Surplus(present []int, wanted, writer int) []int {
	if writer == 0 {
		return nil
	}
	numbers := slices.Clone(present)
	slices.Sort(numbers)
	slices.Reverse(numbers)
	var surplus []int
	for _, number := range numbers {
		if len(numbers)-len(surplus) <= max(wanted, 1) {
			break
		}
		if number != writer {
			surplus = append(surplus, number)
		}
	}
	return surplus
}

// Numbers lists the instances that the tenant should have: 1 up to wanted, and a writer beyond in the place of the last.
func Numbers(wanted, writer int) []int {
	var numbers []int
	for number := 1; number <= wanted; number++ {
		numbers = append(numbers, number)
	}
	if writer > wanted && wanted > 0 {
		numbers[wanted-1] = writer
	}
	return numbers
}

// OneZone is the zone that all of several instances are in; empty when they are in different ones, or it is not known.
func OneZone(instances map[string]*rds.DBInstance) string {
	zone := ""
	for _, instance := range instances {
		here := text(instance.Spec.AvailabilityZone)
		if here == "" || (zone != "" && here != zone) {
			return ""
		}
		zone = here
	}
	if len(instances) < 2 {
		return ""
	}
	return zone
}
