package decide_test

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"halo.dev/halo/internal/decide"
)

func running(name string) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID("uid-" + name)},
		Status: corev1.PodStatus{Phase: corev1.PodRunning, PodIP: "192.0.2.1"}}
}

func TestOnlyPodsThatCanAnswerAreAsked(t *testing.T) {
	pending, ending, strange := running("pending"), running("ending"), running("no-address")
	pending.Status.Phase, strange.Status.PodIP = corev1.PodPending, ""
	ending.DeletionTimestamp = &metav1.Time{}
	got := decide.Askable([]*corev1.Pod{running("b"), pending, ending, strange, running("a")})
	if len(got) != 2 || got[0].Name != "a" || got[1].Name != "b" {
		t.Errorf("asks %v", got)
	}
}

func TestAPodThatIsBehindIsNamed(t *testing.T) {
	wanted, older := strings.Repeat("ab", 32), strings.Repeat("cd", 32)
	pods := []*corev1.Pod{running("a"), running("b")}
	for name, c := range map[string]struct {
		told    map[types.UID]decide.Told
		all     bool
		message string
	}{
		"nobody asked":        {nil, false, "0 of 2 pods serve configuration abababababab; pod a has not been asked yet"},
		"all":                 {map[types.UID]decide.Told{"uid-a": {SHA256: wanted}, "uid-b": {SHA256: wanted}}, true, "2 of 2 pods serve configuration abababababab"},
		"one is behind":       {map[types.UID]decide.Told{"uid-a": {SHA256: wanted}, "uid-b": {SHA256: older}}, false, "1 of 2 pods serve configuration abababababab; pod b serves cdcdcdcdcdcd"},
		"one does not answer": {map[types.UID]decide.Told{"uid-a": {Problem: "it sleeps"}, "uid-b": {SHA256: wanted}}, false, "1 of 2 pods serve configuration abababababab; pod a cannot be asked: it sleeps"},
		"a pod of another time": {map[types.UID]decide.Told{"uid-a": {SHA256: wanted}, "uid-c": {SHA256: wanted}}, false,
			"1 of 2 pods serve configuration abababababab; pod b has not been asked yet"},
	} {
		t.Run(name, func(t *testing.T) {
			status, all, message := decide.Served(wanted, pods, c.told)
			if all != c.all || message != c.message {
				t.Errorf("all is %v and the message %q", all, message)
			}
			if status.SHA256 != wanted || len(status.Pods) != 2 || status.Pods[0].Name != "a" || status.Pods[0].SHA256 != c.told["uid-a"].SHA256 {
				t.Errorf("the status is %+v", status)
			}
		})
	}
	if status, _, message := decide.Served(wanted, nil, nil); status != nil || message != "" {
		t.Errorf("without pods: %v %q", status, message)
	}
}
