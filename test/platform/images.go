package platform

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"halo.dev/halo/test/cluster/image"
)

// images are the references by which the node knows this tree's images. The
// tag is made of the content: equal programs, equal pods.
type images struct {
	manager, server string
}

// loadImages builds this tree's programs, puts each into an image and loads
// them onto the node.
func (p *Platform) loadImages(ctx context.Context) (images, error) {
	packages := []string{"halo.dev/halo/cmd/manager", "halo.dev/halo/cmd/halo-server"}
	if err := image.Build(ctx, p.Path("bin"), packages, "-ldflags=-s -w"); err != nil {
		return images{}, err
	}
	contents := map[string]v1.Image{}
	manager, err := p.assemble(p.Path("bin", "manager"), "halo.local/halo-manager", contents)
	if err != nil {
		return images{}, err
	}
	server, err := p.assemble(p.Path("bin", "halo-server"), "halo.local/halo-server", contents)
	if err != nil {
		return images{}, err
	}
	if err := p.load(ctx, contents); err != nil {
		return images{}, err
	}
	return images{manager: manager, server: server}, nil
}

// LoadProgram builds one of this tree's programs, given by import path, loads
// an image of it onto the node and gives its reference.
func (p *Platform) LoadProgram(ctx context.Context, program string) (reference string, err error) {
	if err := image.Build(ctx, p.Path("bin"), []string{program}, "-ldflags=-s -w"); err != nil {
		return "", err
	}
	return p.LoadFile(ctx, p.Path("bin", path.Base(program)))
}

// LoadFile loads an image of a static program onto the node and gives its
// reference.
func (p *Platform) LoadFile(ctx context.Context, program string) (reference string, err error) {
	contents := map[string]v1.Image{}
	reference, err = p.assemble(program, "halo.local/"+filepath.Base(program), contents)
	if err != nil {
		return "", err
	}
	return reference, p.load(ctx, contents)
}

// load brings images onto the node.
func (p *Platform) load(ctx context.Context, contents map[string]v1.Image) error {
	folder, err := os.MkdirTemp(p.Folder, "images-") // others may load theirs at the same time
	if err != nil {
		return fmt.Errorf("loading this tree's images: %w", err)
	}
	defer func() { _ = os.RemoveAll(folder) }() // they can be made again
	file := filepath.Join(folder, "images.tar")
	if err := image.Write(file, contents); err != nil {
		return err
	}
	if err := p.Cluster.LoadImage(ctx, file); err != nil {
		return fmt.Errorf("loading this tree's images: %w", err)
	}
	return nil
}

// assemble makes the image of one built program, given by its path, adds it to
// contents and gives its reference.
func (p *Platform) assemble(program, repository string, contents map[string]v1.Image) (string, error) {
	assembled, err := image.Assemble(program)
	if err != nil {
		return "", err
	}
	tag, err := image.ContentTag(assembled)
	if err != nil {
		return "", err
	}
	contents[repository+":"+tag] = assembled
	return repository + ":" + tag, nil
}
