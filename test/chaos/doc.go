// Package chaos ends the operator between any two of its writes, loses what it has made, and looks whether a tenant
// still has exactly one database, never loses its final copy and comes to the same end. It holds tests only: the API
// server is a fake, so that every place can be tried, ACK is the stand-in of test/awslocal, and RDS its model.
package chaos
