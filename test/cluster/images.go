package cluster

import (
	"context"
	"fmt"
)

// LoadImage brings the images of a tar file (see package image) onto the node.
// A pod uses one when its imagePullPolicy is IfNotPresent or Never.
func (c *Cluster) LoadImage(ctx context.Context, file string) error {
	_, err := run(ctx, "", "ctr", "--address", c.ContainerdSocket(), "--namespace", "k8s.io", "images", "import", file)
	if err != nil {
		return fmt.Errorf("loading images into cluster %s: %w", c.Name, err)
	}
	return nil
}
