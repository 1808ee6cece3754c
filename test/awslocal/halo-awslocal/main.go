// Command halo-awslocal runs the stand-in for ACK's rds-controller and RDS against the cluster of a kubeconfig.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/go-logr/logr"
	"halo.dev/halo/test/awslocal"
	"halo.dev/halo/test/awslocal/ack"
	"halo.dev/halo/test/awslocal/addresses"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stderr); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return
		}
		fmt.Fprintln(os.Stderr, "halo-awslocal:", err)
		os.Exit(1) //nolint:gocritic // nothing is left to be undone
	}
}

func run(ctx context.Context, arguments []string, stderr io.Writer) error {
	options, kubeconfig, err := parse(arguments, stderr)
	if err != nil {
		return err
	}
	ctrl.SetLogger(logr.FromSlogHandler(options.Log.Handler()))
	klog.SetLogger(logr.FromSlogHandler(options.Log.Handler()))
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = kubeconfig
	options.Config, err = clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, nil).ClientConfig()
	if err != nil {
		return fmt.Errorf("read the kubeconfig (flag --kubeconfig or $KUBECONFIG): %w", err)
	}
	standIn, err := awslocal.Open(ctx, options)
	if err != nil {
		return err
	}
	options.Log.Info("playing ACK's rds-controller and RDS", "state", options.StateFolder, "authority", filepath.Join(options.StateFolder, "ca.pem"))
	return standIn.Run(ctx)
}

// parse reads the flags.
func parse(arguments []string, stderr io.Writer) (options awslocal.Options, kubeconfig string, err error) {
	flags := flag.NewFlagSet("halo-awslocal", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&kubeconfig, "kubeconfig", "", "file that names the API server; default $KUBECONFIG")
	flags.StringVar(&options.StateFolder, "state-dir", "", "folder for clusters, snapshots, keys and the authority's certificate, ca.pem (required)")
	netns := flags.String("netns", "", "network namespace that the database servers run in; without it they listen on loopback addresses")
	first := flags.String("first-address", "10.250.1.10", "first address of the database clusters in the network namespace")
	flags.Float64Var(&options.Speed, "speed", 1, "how many times faster than a demonstration's few seconds statuses change")
	flags.IntVar(&options.ManualSnapshots, "snapshot-quota", 100, "how many manual snapshots the account may have")
	flags.StringVar(&options.Region, "region", "us-east-1", "region in ARNs")
	flags.StringVar(&options.AccountID, "account", "111122223333", "account in ARNs")
	policy := flags.String("deletion-policy", "delete", "what ACK does where neither object nor namespace says: delete or retain")
	flags.BoolVar(&options.Detach, "detach", false, "leave the database servers running at the end; the next start finds them")
	flags.BoolVar(&options.KeepDefinitions, "keep-crds", false, "do not create ACK's custom resource definitions where they are missing")
	format := flags.String("log-format", "text", "text or json")
	if err := flags.Parse(arguments); err != nil {
		return options, "", err
	}
	options.DeletionPolicy = ack.Policy(*policy)
	options.Log = logger(*format, stderr)
	switch {
	case options.StateFolder == "":
		return options, "", errors.New("flag --state-dir is required: a folder of its own")
	case flags.NArg() > 0:
		return options, "", fmt.Errorf("unexpected argument %q: all settings are flags", flags.Arg(0))
	case options.DeletionPolicy != ack.PolicyDelete && options.DeletionPolicy != ack.PolicyRetain:
		return options, "", fmt.Errorf("flag --deletion-policy is %q: it must be delete or retain", *policy)
	case options.Speed <= 0:
		return options, "", errors.New("flag --speed must be more than 0")
	case options.Log == nil:
		return options, "", fmt.Errorf("flag --log-format is %q: it must be text or json", *format)
	}
	if *netns != "" {
		address, err := netip.ParseAddr(*first)
		if err != nil || !address.Is4() {
			return options, "", fmt.Errorf("flag --first-address is %q: it must be an IPv4 address", *first)
		}
		options.Addresses = addresses.InNamespace(*netns, address, 200)
	}
	return options, kubeconfig, nil
}

func logger(format string, stderr io.Writer) *slog.Logger {
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(stderr, nil))
	case "json":
		return slog.New(slog.NewJSONHandler(stderr, nil))
	}
	return nil
}
