// Package ack plays ACK's rds-controller: it reconciles ACK's resources with an account of package rds, and writes
// specs, statuses, conditions, annotations and finalizers as the controller does, sharp edges included. It keeps to
// itself what a resource looks like: nothing of the operator's own types is used, so that neither can hide the other's
// mistake.
package ack
