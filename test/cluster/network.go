package cluster

import (
	"context"
	"fmt"
	"strings"
)

// hostLink is the name of the host's end of its link to the node.
func (c *Cluster) hostLink() string { return "halo-" + c.Name }

// connect creates the two namespaces, links host, node and cloud and sets the
// routes between them. Nothing routes further: the node has no default route.
func (c *Cluster) connect(ctx context.Context) error {
	for _, name := range []string{c.NodeNamespace(), c.CloudNamespace()} {
		if err := createNamespace(name); err != nil {
			return err
		}
	}
	for _, batch := range c.linkCommands() {
		arguments := []string{"-batch", "-"}
		if batch.namespace != "" {
			arguments = append([]string{"-n", batch.namespace}, arguments...)
		}
		if _, err := run(ctx, strings.Join(batch.commands, "\n")+"\n", "ip", arguments...); err != nil {
			return fmt.Errorf("connecting cluster %s: %w", c.Name, err)
		}
	}
	return nil
}

// commandBatch is a list of `ip` commands for one namespace, "" the host's.
type commandBatch struct {
	namespace string
	commands  []string
}

func (c *Cluster) linkCommands() []commandBatch {
	a := c.Addresses
	return []commandBatch{
		{"", []string{
			fmt.Sprintf("link add %s type veth peer name eth0 netns %s", c.hostLink(), c.NodeNamespace()),
			fmt.Sprintf("addr add %s/%d dev %s", a.Host, a.HostLink.Bits(), c.hostLink()),
			fmt.Sprintf("link set %s up", c.hostLink()),
		}},
		{c.NodeNamespace(), []string{
			"link set lo up",
			fmt.Sprintf("addr add %s/%d dev eth0", a.Node, a.HostLink.Bits()),
			"link set eth0 up",
			fmt.Sprintf("link add cloud type veth peer name eth0 netns %s", c.CloudNamespace()),
			fmt.Sprintf("addr add %s/%d dev cloud", a.CloudGateway, a.Cloud.Bits()),
			"link set cloud up",
			fmt.Sprintf("route add %s dev eth0 src %s", a.Services, a.Node),
			"route add unreachable default metric 4096",
		}},
		{c.CloudNamespace(), []string{
			"link set lo up",
			"link set eth0 up",
			fmt.Sprintf("addr add %s/%d dev eth0", a.MailHost, a.Cloud.Bits()),
			fmt.Sprintf("route add default via %s", a.CloudGateway),
		}},
		{"", []string{
			fmt.Sprintf("route add %s via %s", a.Cloud, a.Node),
			fmt.Sprintf("route add %s via %s", a.Pods, a.Node),
		}},
	}
}

// disconnect removes the links at once: the kernel would do so only some time
// after the namespaces are gone.
func (c *Cluster) disconnect(ctx context.Context) error {
	out, err := run(ctx, "", "ip", "-o", "link", "show")
	if err != nil {
		return fmt.Errorf("listing links: %w", err)
	}
	if strings.Contains(out, " "+c.hostLink()+"@") {
		if _, err := run(ctx, "", "ip", "link", "del", c.hostLink()); err != nil {
			return fmt.Errorf("removing link %s: %w", c.hostLink(), err)
		}
	}
	for _, name := range []string{c.NodeNamespace(), c.CloudNamespace()} {
		if err := deleteNamespace(name); err != nil {
			return err
		}
	}
	return nil
}
