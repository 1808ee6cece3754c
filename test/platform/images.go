package platform

import (
	"context"
	"fmt"
	"os"
	"path"

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
	manager, err := p.assemble("manager", "halo.local/halo-manager", contents)
	if err != nil {
		return images{}, err
	}
	server, err := p.assemble("halo-server", "halo.local/halo-server", contents)
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
	contents := map[string]v1.Image{}
	name := path.Base(program)
	reference, err = p.assemble(name, "halo.local/"+name, contents)
	if err != nil {
		return "", err
	}
	return reference, p.load(ctx, contents)
}

// load brings images onto the node.
func (p *Platform) load(ctx context.Context, contents map[string]v1.Image) error {
	file := p.Path("images.tar")
	if err := image.Write(file, contents); err != nil {
		return err
	}
	defer func() { _ = os.Remove(file) }() // it can be made again
	if err := p.Cluster.LoadImage(ctx, file); err != nil {
		return fmt.Errorf("loading this tree's images: %w", err)
	}
	return nil
}

// assemble makes the image of one built program, adds it to contents and gives
// its reference.
func (p *Platform) assemble(program, repository string, contents map[string]v1.Image) (string, error) {
	assembled, err := image.Assemble(p.Path("bin", program))
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
