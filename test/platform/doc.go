// Package platform brings up all that a HaloTenant needs on one machine: the
// local cluster, the stand-in for ACK and RDS, a mail host, the operator by its
// Helm chart, and a HaloTenantClass with the addresses of all these. The
// demonstration and the end-to-end test stand on the same platform, so what the
// test has proved is what the demonstration shows.
//
// Every step can be repeated: Up on a running platform changes what differs,
// and Down clears what a killed run has left.
package platform
