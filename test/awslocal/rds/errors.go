package rds

import (
	"errors"
	"fmt"
)

// Code is the error code of an RDS call, spelled as the service spells it.
type Code string

// The codes that the model returns. Their spelling, with and without "Fault", is the service's own.
const (
	InvalidParameterValue        Code = "InvalidParameterValue"
	InvalidParameterCombination  Code = "InvalidParameterCombination"
	InvalidClusterState          Code = "InvalidDBClusterStateFault"
	InvalidSnapshotState         Code = "InvalidDBClusterSnapshotStateFault"
	InvalidParameterGroupState   Code = "InvalidDBParameterGroupState"
	InvalidSubnetGroupState      Code = "InvalidDBSubnetGroupStateFault"
	InvalidSubnet                Code = "InvalidSubnet"
	ClusterNotFound              Code = "DBClusterNotFoundFault"
	ClusterAlreadyExists         Code = "DBClusterAlreadyExistsFault"
	InstanceNotFound             Code = "DBInstanceNotFound"
	InstanceAlreadyExists        Code = "DBInstanceAlreadyExists"
	SnapshotNotFound             Code = "DBClusterSnapshotNotFoundFault"
	SnapshotAlreadyExists        Code = "DBClusterSnapshotAlreadyExistsFault"
	SnapshotQuotaExceeded        Code = "SnapshotQuotaExceeded"
	ParameterGroupNotFound       Code = "DBParameterGroupNotFound"
	ParameterGroupAlreadyExists  Code = "DBParameterGroupAlreadyExists"
	SubnetGroupNotFound          Code = "DBSubnetGroupNotFoundFault"
	SubnetGroupAlreadyExists     Code = "DBSubnetGroupAlreadyExists"
	SubnetGroupNotEnoughZones    Code = "DBSubnetGroupDoesNotCoverEnoughAZs"
	KMSKeyNotAccessible          Code = "KMSKeyNotAccessibleFault"
	NotPlayed                    Code = "NotPlayedByTheStandIn"
	InsufficientStorageCapacity  Code = "InsufficientStorageClusterCapacity"
	PointInTimeRestoreNotEnabled Code = "PointInTimeRestoreNotEnabled"
)

// Error is a refused call: the code that a program decides by and the words that a person reads. The words never hold
// a password.
type Error struct {
	Code    Code
	Message string
}

// Error gives the code and the words.
func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

func refuse(code Code, format string, arguments ...any) error {
	return &Error{Code: code, Message: fmt.Sprintf(format, arguments...)}
}

// Is says whether err is, or wraps, a refusal with that code.
func Is(err error, code Code) bool {
	var refusal *Error
	return errors.As(err, &refusal) && refusal.Code == code
}
