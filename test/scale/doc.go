// Package scale measures the operator with many tenants on a real API server, with databases and pods played: how long
// they take beside a bare loop that applies the same objects, what a tenant costs in requests and memory, and what a
// restart costs. `make bench` runs it with a thousand; as a test it runs with a few and holds the costs to their bounds.
package scale
