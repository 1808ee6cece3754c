package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/pflag"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/jsonmergepatch"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"halo.dev/halo/controllers"
	"halo.dev/halo/internal/naming"
)

// flags are those that every command has, and may get more.
type flags struct {
	*pflag.FlagSet
	rules     *clientcmd.ClientConfigLoadingRules
	overrides clientcmd.ConfigOverrides
}

// newFlags understands what kubectl itself understands about clusters.
func newFlags(command, arguments, help string, std streams) *flags {
	f := &flags{FlagSet: pflag.NewFlagSet("kubectl halo "+command, pflag.ContinueOnError), rules: clientcmd.NewDefaultClientConfigLoadingRules()}
	f.SetOutput(std.err)
	f.SortFlags = false
	f.Usage = func() {
		fmt.Fprintf(std.err, "usage: kubectl halo %s %s [flags]\n\n%s\n\n%s", command, arguments, help, f.FlagUsages())
	}
	return f
}

// parse adds the cluster's flags after the command's own.
func (f *flags) parse(arguments []string) error {
	f.StringVar(&f.rules.ExplicitPath, "kubeconfig", "", "path of the kubeconfig file")
	clientcmd.BindOverrideFlags(&f.overrides, f.FlagSet, clientcmd.RecommendedConfigOverrideFlags(""))
	return f.Parse(arguments)
}

// one returns the only argument, which is a tenant's name.
func (f *flags) one() (string, error) {
	if f.NArg() != 1 {
		return "", fmt.Errorf("give the name of one HaloTenant, not %d", f.NArg())
	}
	return f.Arg(0), nil
}

// tenantOf parses the arguments of a command on one tenant and connects to its cluster.
func (f *flags) tenantOf(arguments []string) (name string, connection client.Client, err error) {
	if err := f.parse(arguments); err != nil {
		return "", nil, err
	}
	if name, err = f.one(); err != nil {
		return "", nil, err
	}
	connection, err = f.connect()
	return name, connection, err
}

// connect returns a client that refuses unknown fields.
func (f *flags) connect() (client.Client, error) {
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(f.rules, &f.overrides).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("finding the cluster: %w", err)
	}
	config.QPS = -1 // the API server has its own means against too many requests
	config.UserAgent = "kubectl-halo"
	scheme, err := controllers.NewScheme()
	if err != nil {
		return nil, err
	}
	connection, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		return nil, fmt.Errorf("reaching the cluster: %w", err)
	}
	return client.WithFieldValidation(connection, metav1.FieldValidationStrict), nil
}

// tryOut asks the API server what an object of a manifest would be, as kubectl apply would have it, and changes nothing.
// before is nil for one that is not there yet.
func tryOut(ctx context.Context, connection client.Client, manifest *unstructured.Unstructured) (before, after *unstructured.Unstructured, err error) {
	live := &unstructured.Unstructured{}
	live.SetGroupVersionKind(manifest.GroupVersionKind())
	err = connection.Get(ctx, client.ObjectKeyFromObject(manifest), live)
	if apierrors.IsNotFound(err) {
		created := manifest.DeepCopy()
		if err := connection.Create(ctx, created, client.DryRunAll); err != nil {
			return nil, nil, fmt.Errorf("%s %s: %w", manifest.GetKind(), manifest.GetName(), err)
		}
		return nil, created, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("reading %s %s: %w", manifest.GetKind(), manifest.GetName(), err)
	}
	if manager := serverSideManager(live); manager != "" {
		after = manifest.DeepCopy()
		err := connection.Apply(ctx, client.ApplyConfigurationFromUnstructured(after), client.FieldOwner(manager), client.DryRunAll)
		if err != nil {
			return nil, nil, fmt.Errorf("%s %s: %w", manifest.GetKind(), manifest.GetName(), err)
		}
		return live, after, nil
	}
	patch, err := mergePatch(live, manifest)
	if err != nil {
		return nil, nil, fmt.Errorf("comparing %s %s: %w", manifest.GetKind(), manifest.GetName(), err)
	}
	after = live.DeepCopy()
	if err := connection.Patch(ctx, after, client.RawPatch(types.MergePatchType, patch), client.DryRunAll); err != nil {
		return nil, nil, fmt.Errorf("%s %s: %w", manifest.GetKind(), manifest.GetName(), err)
	}
	return live, after, nil
}

// lastApplied is kubectl's own record of what it applied.
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// serverSideManager is whoever applied an object by server-side apply, as kubectl apply --server-side and other tools do;
// empty for one that was applied by kubectl as it does without that.
func serverSideManager(live *unstructured.Unstructured) string {
	if live.GetAnnotations()[lastApplied] != "" {
		return ""
	}
	for _, entry := range live.GetManagedFields() {
		if entry.Operation == metav1.ManagedFieldsOperationApply && entry.Subresource == "" && !strings.HasPrefix(entry.Manager, naming.ManagedBy) {
			return entry.Manager
		}
	}
	return ""
}

// mergePatch is what kubectl apply sends: what the manifest says, and the end of what the one before it said.
func mergePatch(live, manifest *unstructured.Unstructured) ([]byte, error) {
	current, err := json.Marshal(live.Object)
	if err != nil {
		return nil, err
	}
	modified, err := json.Marshal(manifest.Object)
	if err != nil {
		return nil, err
	}
	original := live.GetAnnotations()[lastApplied]
	return jsonmergepatch.CreateThreeWayJSONMergePatch([]byte(original), modified, current)
}
