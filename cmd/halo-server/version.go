package main

import (
	"context"
	"fmt"
	"runtime/debug"
)

// version is set by the linker (-X main.version=…) for a released image.
var version = "development"

func runVersion(_ context.Context, _ []string, std streams) int {
	goVersion := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		goVersion = info.GoVersion
	}
	fmt.Fprintf(std.out, "halo-server %s (%s)\n", version, goVersion)
	return exitOK
}
