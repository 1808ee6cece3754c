// Command images makes the release images: halo-manager and halo-server, each a
// static program on an empty base, as tar files that `docker load`, `ctr images
// import` and `crane push` read.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"halo.dev/halo/test/cluster/image"
)

func main() {
	folder := flag.String("to", "dist", "folder of the tar files")
	repository := flag.String("repository", "halo.local", "what stands before the images' names")
	version := flag.String("version", "dev", "the images' tag, and what the programs say their version is")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *folder, *repository, *version); err != nil {
		fmt.Fprintln(os.Stderr, "images:", err)
		os.Exit(1)
	}
}

// released are the programs that have an image, by the image's name.
var released = map[string]string{
	"halo-manager": "halo.dev/halo/cmd/manager",
	"halo-server":  "halo.dev/halo/cmd/halo-server",
}

func run(ctx context.Context, folder, repository, version string) error {
	programs, err := os.MkdirTemp("", "halo-images-")
	if err != nil {
		return fmt.Errorf("making room for the programs: %w", err)
	}
	defer os.RemoveAll(programs)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("making the folder of images: %w", err)
	}
	for name, source := range released {
		err := image.Build(ctx, programs, []string{source}, "-ldflags=-s -w -X main.version="+version)
		if err != nil {
			return err
		}
		assembled, err := image.Assemble(filepath.Join(programs, filepath.Base(source)))
		if err != nil {
			return err
		}
		reference, file := repository+"/"+name+":"+version, filepath.Join(folder, name+".tar")
		if err := image.Write(file, map[string]v1.Image{reference: assembled}); err != nil {
			return err
		}
		digest, err := assembled.Digest()
		if err != nil {
			return fmt.Errorf("naming %s: %w", reference, err)
		}
		fmt.Printf("%s  %s  %s\n", file, reference, digest)
	}
	return nil
}
