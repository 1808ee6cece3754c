package observe

import (
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
)

// PodNeeds tells whether a pod that has not ended refers to a Secret. One that is about to end needs what it has.
func PodNeeds(pod *corev1.Pod, secret string) bool {
	ended := pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
	return !ended && RefersTo(pod.Spec, secret)
}

// JobNeeds tells whether a Job that has not ended refers to a Secret.
func JobNeeds(job *batchv1.Job, secret string) bool {
	ended := slices.ContainsFunc(job.Status.Conditions, func(condition batchv1.JobCondition) bool {
		return condition.Status == corev1.ConditionTrue && (condition.Type == batchv1.JobComplete || condition.Type == batchv1.JobFailed)
	})
	return !ended && RefersTo(job.Spec.Template.Spec, secret)
}

// RefersTo tells whether a pod's spec refers to a Secret in any way.
func RefersTo(pod corev1.PodSpec, secret string) bool {
	isIt := func(reference *corev1.LocalObjectReference) bool { return reference != nil && reference.Name == secret }
	return slices.ContainsFunc(pod.Volumes, func(volume corev1.Volume) bool { return mounts(volume.VolumeSource, secret) }) ||
		slices.ContainsFunc(pod.ImagePullSecrets, func(reference corev1.LocalObjectReference) bool { return isIt(&reference) }) ||
		slices.ContainsFunc(pod.Containers, func(container corev1.Container) bool { return reads(container.Env, container.EnvFrom, secret) }) ||
		slices.ContainsFunc(pod.InitContainers, func(container corev1.Container) bool { return reads(container.Env, container.EnvFrom, secret) }) ||
		slices.ContainsFunc(pod.EphemeralContainers, func(container corev1.EphemeralContainer) bool {
			return reads(container.Env, container.EnvFrom, secret)
		})
}

func mounts(volume corev1.VolumeSource, secret string) bool {
	switch {
	case volume.Secret != nil:
		return volume.Secret.SecretName == secret
	case volume.Projected != nil:
		return slices.ContainsFunc(volume.Projected.Sources, func(source corev1.VolumeProjection) bool {
			return source.Secret != nil && source.Secret.Name == secret
		})
	case volume.CSI != nil && volume.CSI.NodePublishSecretRef != nil:
		return volume.CSI.NodePublishSecretRef.Name == secret
	}
	return false
}

func reads(variables []corev1.EnvVar, sources []corev1.EnvFromSource, secret string) bool {
	return slices.ContainsFunc(variables, func(variable corev1.EnvVar) bool {
		return variable.ValueFrom != nil && variable.ValueFrom.SecretKeyRef != nil && variable.ValueFrom.SecretKeyRef.Name == secret
	}) || slices.ContainsFunc(sources, func(source corev1.EnvFromSource) bool {
		return source.SecretRef != nil && source.SecretRef.Name == secret
	})
}
