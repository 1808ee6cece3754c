// Package image puts a static Go program onto an empty base: a container image
// without a shell, a package manager or a registry. The local cluster's own
// images and the release images are made by this one path.
package image

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// NonRoot is the user and group that programs run as.
const NonRoot = "65532:65532"

// passwd names the users, because some libraries look their own up.
const passwd = "root:x:0:0:root:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n"

// Assemble makes the image that runs the static program at this path as
// NonRoot. In it are the program at /<base name>, /etc/passwd and an empty
// /tmp, nothing else. The same program gives the same image, byte for byte.
func Assemble(program string) (v1.Image, error) {
	content, err := os.ReadFile(program)
	if err != nil {
		return nil, fmt.Errorf("assembling image: %w", err)
	}
	base := filepath.Base(program)
	layer, err := layerOf(base, content)
	if err != nil {
		return nil, fmt.Errorf("assembling image of %s: %w", base, err)
	}
	assembled, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return nil, fmt.Errorf("assembling image of %s: %w", base, err)
	}
	configuration, err := assembled.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("assembling image of %s: %w", base, err)
	}
	configuration = configuration.DeepCopy()
	configuration.OS, configuration.Architecture = "linux", runtime.GOARCH
	configuration.Config = v1.Config{
		Entrypoint: []string{"/" + base},
		User:       NonRoot,
		WorkingDir: "/",
		Env:        []string{"PATH=/"},
	}
	assembled, err = mutate.ConfigFile(assembled, configuration)
	if err != nil {
		return nil, fmt.Errorf("assembling image of %s: %w", base, err)
	}
	return assembled, nil
}

// layerOf packs the image's files. No entry carries a time, so that equal
// content is an equal layer.
func layerOf(programName string, program []byte) (v1.Layer, error) {
	var packed bytes.Buffer
	writer := tar.NewWriter(&packed)
	entries := []struct {
		header  tar.Header
		content []byte
	}{
		{tar.Header{Name: "tmp/", Mode: 0o1777, Typeflag: tar.TypeDir}, nil},
		{tar.Header{Name: "etc/", Mode: 0o755, Typeflag: tar.TypeDir}, nil},
		{tar.Header{Name: "etc/passwd", Mode: 0o644, Typeflag: tar.TypeReg}, []byte(passwd)},
		{tar.Header{Name: programName, Mode: 0o755, Typeflag: tar.TypeReg}, program},
	}
	for _, entry := range entries {
		entry.header.Size = int64(len(entry.content))
		if err := writer.WriteHeader(&entry.header); err != nil {
			return nil, fmt.Errorf("packing %s: %w", entry.header.Name, err)
		}
		if _, err := writer.Write(entry.content); err != nil {
			return nil, fmt.Errorf("packing %s: %w", entry.header.Name, err)
		}
	}
	if err := writer.Close(); err != nil {
		return nil, fmt.Errorf("packing: %w", err)
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(packed.Bytes())), nil
	})
	if err != nil {
		return nil, fmt.Errorf("making a layer: %w", err)
	}
	return layer, nil
}

// ContentTag is a tag that changes with the image's content and with nothing
// else: twelve hexadecimal digits of its digest.
func ContentTag(assembled v1.Image) (string, error) {
	digest, err := assembled.Digest()
	if err != nil {
		return "", fmt.Errorf("naming image by content: %w", err)
	}
	return digest.Hex[:12], nil
}

// Write puts images into one tar file that `ctr images import` and `docker load`
// read. The keys are full references, for example halo.local/halo-server:dev.
func Write(path string, images map[string]v1.Image) error {
	tagged := make(map[name.Tag]v1.Image, len(images))
	for reference, assembled := range images {
		tag, err := name.NewTag(reference, name.StrictValidation)
		if err != nil {
			return fmt.Errorf("writing image: %w", err)
		}
		tagged[tag] = assembled
	}
	// Written beside and renamed, so that nobody ever reads half a file.
	unfinished := path + ".unfinished"
	if err := tarball.MultiWriteToFile(unfinished, tagged); err != nil {
		return fmt.Errorf("writing images to %s: %w", path, err)
	}
	if err := os.Rename(unfinished, path); err != nil {
		return fmt.Errorf("writing images to %s: %w", path, err)
	}
	return nil
}
