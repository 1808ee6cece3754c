package awslocal

import (
	"context"
	"fmt"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"halo.dev/halo/test/awslocal/crds"
)

// createDefinitions creates the definitions that are missing and waits until all are served. Those that exist, be they
// ACK's own, stay as they are.
func createDefinitions(ctx context.Context, config *rest.Config) error {
	scheme := runtime.NewScheme()
	if err := apiextensionsv1.AddToScheme(scheme); err != nil {
		return fmt.Errorf("register custom resource definitions: %w", err)
	}
	api, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		return fmt.Errorf("reach the API server: %w", err)
	}
	definitions, err := crds.Definitions()
	if err != nil {
		return err
	}
	for _, definition := range definitions {
		if err := api.Create(ctx, definition); err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("create custom resource definition %s: %w", definition.Name, err)
		}
	}
	for _, definition := range definitions {
		err := wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, 30*time.Second, true, func(ctx context.Context) (bool, error) {
			err := api.Get(ctx, client.ObjectKeyFromObject(definition), definition)
			return err == nil && established(definition), client.IgnoreNotFound(err)
		})
		if err != nil {
			return fmt.Errorf("wait until %s is served: %w", definition.Name, err)
		}
	}
	return nil
}

func established(definition *apiextensionsv1.CustomResourceDefinition) bool {
	for _, condition := range definition.Status.Conditions {
		if condition.Type == apiextensionsv1.Established {
			return condition.Status == apiextensionsv1.ConditionTrue
		}
	}
	return false
}
