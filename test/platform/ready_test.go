package platform

import (
	"context"
	"errors"
	"strings"
	"testing"
)

func TestIsReady(t *testing.T) {
	for name, test := range map[string]struct {
		output, message string
		ready           bool
	}{
		"a tenant that serves is ready":                       {"3 3 True Serving visitors", "Serving visitors", true},
		"a condition of an older generation does not count":   {"4 3 True Serving visitors", "Serving visitors", false},
		"a wait is not ready and says what for":               {"1 1 False Waiting for the database: creating", "Waiting for the database: creating", false},
		"an object without status is not ready":               {"1  ", "no status yet", false},
		"an empty answer is not ready":                        {"", "no status yet", false},
		"a new object is not ready although nothing is wrong": {"1 -1 Unknown Waiting for the controller", "Waiting for the controller", false},
		"ready without a message is ready all the same":       {"1 1 True", "", true},
	} {
		t.Run(name, func(t *testing.T) {
			ready, message := IsReady(test.output)
			if ready != test.ready || message != test.message {
				t.Errorf("IsReady(%q) = %v, %q; want %v, %q", test.output, ready, message, test.ready, test.message)
			}
		})
	}
}

func TestWaitUntilTellsEachNewReasonOnceAndTheLastInItsError(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	answers := []string{"a", "a", "b"}
	var told []string
	looked := 0
	err := WaitUntil(ctx, func(reason string) { told = append(told, reason) }, func(context.Context) (bool, string) {
		answer := answers[min(looked, len(answers)-1)]
		if looked++; looked == len(answers) {
			cancel(errors.New("stopped by the test"))
		}
		return false, answer
	})
	if got := strings.Join(told, ","); got != "a,b" {
		t.Errorf("told %q; want a,b", got)
	}
	if err == nil || !strings.Contains(err.Error(), "stopped by the test while waiting for: b") {
		t.Errorf("error %v; want the cause and the last reason", err)
	}
}
