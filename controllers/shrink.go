package controllers

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// mostShared bounds what the caches share of one sort.
const mostShared = 4000

// longestShared is how long a map's content may be for the map to be shared: longer ones are a tenant's own.
const longestShared = 512

// sharing keeps one of each value, by a text that tells what it is. Nothing is kept for ever: what was not asked for while
// mostShared others were is forgotten, and whoever has it keeps it.
type sharing[V any] struct{ recent, former map[string]V }

// one returns what everybody shares: what is there under the key, else the value.
func (s *sharing[V]) one(key string, value V) V {
	shared, ok := s.recent[key]
	if ok {
		return shared
	}
	if shared, ok = s.former[key]; !ok {
		shared = value
	}
	if s.recent == nil || len(s.recent) >= mostShared {
		s.former, s.recent = s.recent, make(map[string]V)
	}
	s.recent[key] = shared
	return shared
}

// shrinker makes objects small before the caches keep them: what nobody reads goes, and what many objects have alike is
// kept once. A thousand tenants of a class differ in little more than their names. What is shared must not be changed,
// nor may anything else in a cache: readers get copies.
type shrinker struct {
	mutex  sync.Mutex
	texts  sharing[string]
	maps   sharing[map[string]string]
	owners sharing[[]metav1.OwnerReference]
	// amounts are what a class gives to each of its tenants.
	amounts sharing[corev1.ResourceList]
	// parts are what sharePart shares, by the hash of its content: volumes, mounts and probes of a class's pods, rules of its networks.
	parts sharing[any]
}

func (s *shrinker) shrink(given any) (any, error) {
	object, ok := given.(client.Object)
	if !ok {
		return given, nil
	}
	object.SetManagedFields(nil)
	switch typed := given.(type) {
	case *corev1.Pod:
		shrinkPod(typed)
	case *batchv1.Job:
		typed.Spec = batchv1.JobSpec{Template: corev1.PodTemplateSpec{Spec: onlySecrets(typed.Spec.Template.Spec)}}
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.share(reflect.ValueOf(given))
	if err := s.shareParts(given); err != nil {
		return nil, err
	}
	if owners := object.GetOwnerReferences(); len(owners) == 1 {
		one := owners[0]
		key := fmt.Sprint(one.APIVersion, one.Kind, one.Name, one.UID, flag(one.Controller), flag(one.BlockOwnerDeletion))
		object.SetOwnerReferences(s.owners.one(key, owners[:1:1]))
	}
	return given, nil
}

// shareParts keeps once what is large and the same for every tenant of a class.
func (s *shrinker) shareParts(given any) error {
	switch typed := given.(type) {
	case *appsv1.Deployment:
		return s.sharePod(&typed.Spec.Template.Spec)
	case *batchv1.Job:
		return s.sharePod(&typed.Spec.Template.Spec)
	case *corev1.Pod:
		return s.sharePod(&typed.Spec)
	case *networkingv1.NetworkPolicy:
		return errors.Join(sharePart(s, &typed.Spec.Ingress), sharePart(s, &typed.Spec.Egress))
	}
	return nil
}

// sharePod shares the parts of a container and not all of it: its arguments name the tenant's database.
func (s *shrinker) sharePod(pod *corev1.PodSpec) error {
	failure := errors.Join(sharePart(s, &pod.Volumes), sharePart(s, &pod.TopologySpreadConstraints), sharePart(s, &pod.Affinity), sharePart(s, &pod.SecurityContext))
	for i := range pod.Containers {
		container := &pod.Containers[i]
		failure = errors.Join(failure, sharePart(s, &container.VolumeMounts), sharePart(s, &container.Ports), sharePart(s, &container.LivenessProbe),
			sharePart(s, &container.ReadinessProbe), sharePart(s, &container.StartupProbe), sharePart(s, &container.SecurityContext))
	}
	return failure
}

// sharePart shares a list, or what a pointer points to, by its content.
func sharePart[T any](s *shrinker, part *T) error {
	if reflect.ValueOf(part).Elem().IsZero() {
		return nil
	}
	text, err := json.Marshal(*part)
	if err != nil {
		return fmt.Errorf("reading a %T: %w", *part, err)
	}
	sum := sha256.Sum256(text)
	// The type is in the key, so that what is found is always of this type.
	if shared, ok := s.parts.one(fmt.Sprintf("%T %s", *part, sum[:]), *part).(T); ok {
		*part = shared
	}
	return nil
}

func flag(value *bool) string {
	if value == nil {
		return " nil"
	}
	return fmt.Sprint(" ", *value)
}

// shrinkPod keeps what is asked of a pod: where it answers, which Secrets it mounts, whether it is ready, and what it waits
// for.
func shrinkPod(pod *corev1.Pod) {
	pod.Spec = onlySecrets(pod.Spec)
	pod.Status = corev1.PodStatus{Phase: pod.Status.Phase, PodIP: pod.Status.PodIP, Conditions: pod.Status.Conditions, ContainerStatuses: pod.Status.ContainerStatuses}
	for i := range pod.Status.ContainerStatuses {
		status := &pod.Status.ContainerStatuses[i]
		*status = corev1.ContainerStatus{Name: status.Name, State: status.State, Ready: status.Ready, RestartCount: status.RestartCount}
	}
}

// onlySecrets keeps of a pod's spec the Secrets that it mounts.
func onlySecrets(spec corev1.PodSpec) corev1.PodSpec {
	kept := corev1.PodSpec{NodeName: spec.NodeName}
	for i := range spec.Volumes {
		if spec.Volumes[i].Secret != nil {
			kept.Volumes = append(kept.Volumes, spec.Volumes[i])
		}
	}
	return kept
}

// share replaces every text below a value by the copy that everybody shares.
func (s *shrinker) share(value reflect.Value) {
	switch value.Kind() {
	case reflect.Pointer, reflect.Interface:
		s.shareBehind(value)
	case reflect.Struct:
		for i := range value.NumField() {
			if field := value.Field(i); field.CanSet() {
				s.share(field)
			}
		}
	case reflect.Slice:
		if value.Type().Elem().Kind() == reflect.Uint8 {
			return
		}
		for i := range value.Len() {
			s.share(value.Index(i))
		}
	case reflect.Map:
		if !value.CanSet() {
			return
		}
		if amounts, ok := value.Interface().(corev1.ResourceList); ok && amounts != nil {
			value.Set(reflect.ValueOf(s.shareAmounts(amounts)))
			return
		}
		value.Set(s.shareMap(value))
	case reflect.String:
		if value.CanSet() && value.Len() > 0 {
			value.SetString(s.texts.one(value.String(), value.String()))
		}
	}
}

func (s *shrinker) shareBehind(value reflect.Value) {
	if value.IsNil() {
		return
	}
	held := value.Elem()
	switch {
	case value.Kind() == reflect.Pointer, held.Kind() == reflect.Slice:
		s.share(held)
	case !value.CanSet():
	case held.Kind() == reflect.Map:
		value.Set(s.shareMap(held))
	case held.Type() == reflect.TypeFor[string]():
		text := held.String()
		value.Set(reflect.ValueOf(s.texts.one(text, text)))
	}
}

func (s *shrinker) shareAmounts(amounts corev1.ResourceList) corev1.ResourceList {
	texts := make(map[corev1.ResourceName]string, len(amounts))
	for name, amount := range amounts {
		texts[name] = amount.String()
	}
	return s.amounts.one(fmt.Sprint(texts), amounts)
}

// shareMap makes a map anew that is no larger than its content, with texts that are shared. Labels, selectors and their
// like are shared as a whole.
func (s *shrinker) shareMap(value reflect.Value) reflect.Value {
	if value.IsNil() || value.Type().Key().Kind() != reflect.String {
		return value
	}
	made := s.copyMap(value)
	if texts, ok := made.Interface().(map[string]string); ok {
		if key := fmt.Sprintf("%q", texts); len(key) <= longestShared { // sorted by its keys
			return reflect.ValueOf(s.maps.one(key, texts))
		}
	}
	return made
}

func (s *shrinker) copyMap(value reflect.Value) reflect.Value {
	made := reflect.MakeMapWithSize(value.Type(), value.Len())
	for entry := value.MapRange(); entry.Next(); {
		key, held := reflect.New(value.Type().Key()).Elem(), reflect.New(value.Type().Elem()).Elem()
		key.SetString(s.texts.one(entry.Key().String(), entry.Key().String()))
		held.Set(entry.Value())
		s.share(held)
		made.SetMapIndex(key, held)
	}
	return made
}
