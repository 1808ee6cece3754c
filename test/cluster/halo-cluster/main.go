// Command halo-cluster starts, stops and looks at a local cluster.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"halo.dev/halo/test/cluster"
	"halo.dev/halo/test/cluster/networkpolicy"
	"halo.dev/halo/test/cluster/node"
)

const usage = `usage: halo-cluster COMMAND [CLUSTER] [arguments]

  up [CLUSTER]               start the cluster, or leave it as it is when it runs
  down [CLUSTER]             stop it and remove all that it left
  status [CLUSTER]           tell whether it runs; exit status 1 when it does not
  load [CLUSTER] IMAGE.tar   bring images onto the node
  kubeconfig [CLUSTER]       print the path of the administrator's kubeconfig

CLUSTER is demo (the default), test or selftest. HALO_STATE and HALO_CACHE move
its folder (/var/lib/halo-local) and the programs' (~/.cache/halo).
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if filepath.Base(os.Args[0]) == networkpolicy.PluginName {
		if err := networkpolicy.Plugin(ctx, os.Getenv, os.Stdin, os.Stdout); err != nil {
			fmt.Println(networkpolicy.PluginError(err))
			os.Exit(1)
		}
		return
	}
	if err := command(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "halo-cluster:", err)
		if errors.Is(err, errUsage) {
			fmt.Fprint(os.Stderr, "\n", usage)
		}
		os.Exit(1)
	}
}

// errUsage asks for the usage to be read.
var errUsage = errors.New("what to do was not understood")

func command(ctx context.Context, arguments []string, output io.Writer) error {
	if len(arguments) == 0 {
		return errUsage
	}
	verb, rest := arguments[0], arguments[1:]
	switch verb {
	case "help", "-h", "--help":
		_, err := io.WriteString(output, usage)
		return err
	case "node":
		return runNode(ctx, rest)
	case "networkpolicy":
		return enforcePolicies(ctx, rest)
	}
	name := "demo"
	if len(rest) > 0 && slices.Contains(cluster.Names(), rest[0]) {
		name, rest = rest[0], rest[1:]
	}
	c, err := cluster.New(name)
	if err != nil {
		return err
	}
	switch {
	case verb == "up" && len(rest) == 0:
		return up(ctx, c, output)
	case verb == "down" && len(rest) == 0:
		return c.Down(ctx)
	case verb == "status" && len(rest) == 0:
		return status(ctx, c, output)
	case verb == "load" && len(rest) == 1:
		return c.LoadImage(ctx, rest[0])
	case verb == "kubeconfig" && len(rest) == 0:
		_, err := fmt.Fprintln(output, c.Kubeconfig())
		return err
	default:
		return errUsage
	}
}

func up(ctx context.Context, c *cluster.Cluster, output io.Writer) error {
	start := time.Now()
	progress := func(step string) { fmt.Fprintf(output, "%5.1f s  %s\n", time.Since(start).Seconds(), step) }
	if err := c.Up(ctx, cluster.UpOptions{Progress: progress}); err != nil {
		return err
	}
	progress("cluster " + c.Name + " is ready")
	_, err := fmt.Fprintf(output, "export KUBECONFIG=%s\n", c.Kubeconfig())
	return err
}

func status(ctx context.Context, c *cluster.Cluster, output io.Writer) error {
	found := c.Status(ctx)
	fmt.Fprintln(output, found)
	if !found.Running() {
		return fmt.Errorf("cluster %s cannot be used", c.Name)
	}
	return nil
}

// runNode is what Up starts inside the node's namespaces.
func runNode(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("node", flag.ContinueOnError)
	stopWithCaller := flags.Bool("stop-with-caller", false, "end when descriptor 3 does")
	if len(arguments) == 0 {
		return errUsage
	}
	if err := flags.Parse(arguments[1:]); err != nil {
		return err
	}
	c, err := cluster.New(arguments[0])
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return node.Run(ctx, c, node.Options{StopWithCaller: *stopWithCaller, Self: self})
}

// enforcePolicies is what the node runs to enforce network policies.
func enforcePolicies(ctx context.Context, arguments []string) error {
	if len(arguments) != 1 {
		return errUsage
	}
	c, err := cluster.New(arguments[0])
	if err != nil {
		return err
	}
	configuration, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig())
	if err != nil {
		return fmt.Errorf("reading kubeconfig: %w", err)
	}
	client, err := kubernetes.NewForConfig(configuration)
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	enforcer, err := networkpolicy.NewEnforcer(client, c.Addresses.Pods)
	if err != nil {
		return err
	}
	return enforcer.Run(ctx, c.PolicySocket())
}
