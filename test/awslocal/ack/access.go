package ack

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// GroupVersion is of every kind that is played.
var groupVersion = schema.GroupVersion{Group: "rds.services.k8s.aws", Version: "v1alpha1"}

// access reads what an object's spec points to.
type access struct{ reader client.Reader }

// secret reads one value of an Opaque Secret in namespace. Its errors never hold the value.
func (a access) secret(ctx context.Context, namespace string, ref secretReference) (string, error) {
	if ref.Namespace != "" && ref.Namespace != namespace {
		return "", terminal("masterUserPassword refers to namespace %s: the Secret must be in %s", ref.Namespace, namespace)
	}
	var secret corev1.Secret
	err := a.reader.Get(ctx, types.NamespacedName{Namespace: namespace, Name: ref.Name}, &secret)
	if apierrors.IsNotFound(err) {
		return "", terminal("kubernetes secret %s/%s not found", namespace, ref.Name)
	}
	if err != nil {
		return "", fmt.Errorf("read Secret %s/%s: %w", namespace, ref.Name, err)
	}
	if secret.Type != corev1.SecretTypeOpaque {
		return "", terminal("kubernetes secret %s/%s has type %s: it must be Opaque", namespace, ref.Name, secret.Type)
	}
	value, found := secret.Data[ref.Key]
	if !found {
		return "", terminal("kubernetes secret %s/%s has no key %s", namespace, ref.Name, ref.Key)
	}
	return string(value), nil
}

// follow finds what a reference names in the account: the field of that object's spec, once the object is in sync.
func (a access) follow(ctx context.Context, kind, field, namespace string, ref reference) (string, error) {
	if ref.From.Namespace != "" {
		namespace = ref.From.Namespace
	}
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(groupVersion.WithKind(kind))
	err := a.reader.Get(ctx, types.NamespacedName{Namespace: namespace, Name: ref.From.Name}, object)
	if apierrors.IsNotFound(err) {
		return "", &referenceError{message: fmt.Sprintf("the referenced %s %s/%s was not found", kind, namespace, ref.From.Name)}
	}
	if err != nil {
		return "", fmt.Errorf("read %s %s/%s: %w", kind, namespace, ref.From.Name, err)
	}
	var status commonStatus
	if err := decode(object.Object["status"], &status); err != nil {
		return "", err
	}
	for _, condition := range status.Conditions {
		if condition.Type == conditionTerminal && condition.Status == "True" {
			return "", terminal("the referenced %s %s/%s is in a terminal condition", kind, namespace, ref.From.Name)
		}
	}
	for _, condition := range status.Conditions {
		if condition.Type == conditionSynced && condition.Status == "True" {
			name, _, _ := unstructured.NestedString(object.Object, "spec", field)
			return name, nil
		}
	}
	return "", &referenceError{message: fmt.Sprintf("the referenced %s %s/%s is not in sync yet", kind, namespace, ref.From.Name)}
}

// namespaceAnnotations are those of the object's namespace.
func (a access) namespaceAnnotations(ctx context.Context, name string) (map[string]string, error) {
	var namespace corev1.Namespace
	if err := a.reader.Get(ctx, types.NamespacedName{Name: name}, &namespace); err != nil {
		return nil, fmt.Errorf("read namespace %s: %w", name, err)
	}
	return namespace.Annotations, nil
}
