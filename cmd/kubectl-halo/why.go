package main

import (
	"context"
	"fmt"
	"io"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/naming"
	"halo.dev/halo/internal/observe"
	"halo.dev/halo/internal/why"
)

const whyHelp = `Prints what the tenant's Ready waits for as one tree, down to the words of ACK, RDS, the scheduler and the kubelet.
It needs the right to read tenants, copies, and the pods, Jobs, Deployments, Ingresses, databases and events in the
tenant's namespace, as the ClusterRole halo-support gives it.
Exits 0 when the tenant is Ready, 1 when it is not, 2 when it cannot be told.`

func runWhy(ctx context.Context, arguments []string, std streams) (int, error) {
	f := newFlags("why", "NAME", whyHelp, std)
	name, connection, err := f.tenantOf(arguments)
	if err != nil {
		return exitTrouble, err
	}
	facts, err := readFacts(ctx, connection, name)
	if err != nil {
		return exitTrouble, err
	}
	facts.Now = std.now()
	tree := why.Tree(facts)
	printTree(std.out, newPainter(std), tree, "", "")
	if tree.State == why.Good {
		return exitSame, nil
	}
	return exitDiffers, nil
}

func readFacts(ctx context.Context, connection client.Client, name string) (why.Facts, error) {
	facts := why.Facts{Tenant: &halo.HaloTenant{}}
	if err := connection.Get(ctx, client.ObjectKey{Name: name}, facts.Tenant); err != nil {
		return facts, fmt.Errorf("reading HaloTenant %s: %w", name, err)
	}
	var err error
	if facts.State, err = observe.ReadLists(ctx, connection, connection.Scheme(), name, why.Lists()); err != nil {
		return facts, err
	}
	events := &corev1.EventList{}
	if err := connection.List(ctx, events, client.InNamespace(naming.Namespace(name))); err != nil {
		return facts, fmt.Errorf("listing the events of tenant %s: %w", name, err)
	}
	facts.Events = events.Items
	backups := &halo.HaloBackupList{}
	if err := connection.List(ctx, backups); err != nil {
		return facts, fmt.Errorf("listing HaloBackups: %w", err)
	}
	for _, backup := range backups.Items {
		if backup.Spec.TenantName == name {
			facts.Backups = append(facts.Backups, backup)
		}
	}
	return facts, nil
}

// printTree draws a node and what is below it; first goes before its own line, and rest before those below.
func printTree(out io.Writer, p painter, node why.Node, first, rest string) {
	mark := map[why.State]string{why.Good: p.green("✓"), why.Waiting: p.yellow("…"), why.Bad: p.red("✗")}[node.State]
	fmt.Fprintf(out, "%s%s %s\n", first, mark, node.Text)
	for i, child := range node.Children {
		if i == len(node.Children)-1 {
			printTree(out, p, child, rest+"└─ ", rest+"   ")
			continue
		}
		printTree(out, p, child, rest+"├─ ", rest+"│  ")
	}
}
