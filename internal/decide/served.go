package decide

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	halo "halo.dev/halo/api/v1alpha1"
)

// Told is what a pod has said of the configuration that it serves.
type Told struct {
	// SHA256 is that of its config.yaml, in hexadecimal; empty until it has answered once.
	SHA256 string
	// Problem says why the last question had no answer; empty when it had one.
	Problem string
}

// Askable are the pods that can tell what they serve: they run, have an address and are not about to end; by name.
func Askable(pods []*corev1.Pod) []*corev1.Pod {
	var askable []*corev1.Pod
	for _, pod := range pods {
		if pod.DeletionTimestamp == nil && pod.Status.Phase == corev1.PodRunning && pod.Status.PodIP != "" {
			askable = append(askable, pod)
		}
	}
	slices.SortFunc(askable, func(a, b *corev1.Pod) int { return strings.Compare(a.Name, b.Name) })
	return askable
}

// Served compares what pods have told with the configuration that they should serve. nil for no pods. The message is
// about the first pod that is behind; all is true when none is.
func Served(wanted string, pods []*corev1.Pod, told map[types.UID]Told) (status *halo.ServedConfiguration, all bool, message string) {
	if len(pods) == 0 {
		return nil, false, ""
	}
	status = &halo.ServedConfiguration{SHA256: wanted}
	serve := 0
	for _, pod := range pods {
		answer := told[pod.UID]
		status.Pods = append(status.Pods, halo.ServedPod{Name: pod.Name, SHA256: answer.SHA256})
		switch {
		case answer.SHA256 == wanted:
			serve++
		case message != "":
		case answer.Problem != "":
			message = fmt.Sprintf("; pod %s cannot be asked: %s", pod.Name, answer.Problem)
		case answer.SHA256 == "":
			message = fmt.Sprintf("; pod %s has not been asked yet", pod.Name)
		default:
			message = fmt.Sprintf("; pod %s serves %s", pod.Name, brief(answer.SHA256))
		}
	}
	return status, serve == len(pods), fmt.Sprintf("%d of %d pods serve configuration %s%s", serve, len(pods), brief(wanted), message)
}

// brief is enough of a hash to tell it from another.
func brief(sha256 string) string { return sha256[:min(len(sha256), 12)] }
