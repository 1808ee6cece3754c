// Package crd holds the definitions of the project's kinds, for those who need them without a cluster.
package crd

import "embed"

// Files are the definitions, one a file.
//
//go:embed halo.dev_*.yaml
var Files embed.FS
