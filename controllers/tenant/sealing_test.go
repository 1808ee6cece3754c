package tenant

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/decide"
	"halo.dev/halo/internal/naming"
)

func key(origin string, number int32) halo.SealingKey {
	return halo.SealingKey{Origin: types.UID(origin), Number: number}
}

func TestSealingKeysGoOnWithoutAGap(t *testing.T) {
	for name, test := range map[string]struct {
		recorded []halo.SealingKey
		wanted   int32
		keys     []halo.SealingKey
	}{
		"a new tenant":                          {nil, 0, []halo.SealingKey{key("me", 1)}},
		"a new tenant whose status was lost":    {nil, 3, []halo.SealingKey{key("me", 1), key("me", 2), key("me", 3)}},
		"one at rest":                           {[]halo.SealingKey{key("me", 1)}, 0, []halo.SealingKey{key("me", 1)}},
		"one that is asked for what it has":     {[]halo.SealingKey{key("me", 1), key("me", 2)}, 1, []halo.SealingKey{key("me", 1), key("me", 2)}},
		"one that is asked for a new key":       {[]halo.SealingKey{key("me", 1)}, 2, []halo.SealingKey{key("me", 1), key("me", 2)}},
		"one made from a copy":                  {[]halo.SealingKey{key("old", 1), key("old", 2)}, 0, []halo.SealingKey{key("old", 1), key("old", 2), key("me", 3)}},
		"one made from a copy of a copy":        {[]halo.SealingKey{key("a", 1), key("b", 2)}, 2, []halo.SealingKey{key("a", 1), key("b", 2), key("me", 3)}},
		"one made from a copy, its status lost": {[]halo.SealingKey{key("old", 1)}, 3, []halo.SealingKey{key("old", 1), key("me", 2), key("me", 3)}},
	} {
		var recorded *halo.SealingStatus
		if test.recorded != nil {
			recorded = &halo.SealingStatus{Keys: test.recorded}
		}
		keys, problem := sealingKeys(recorded, "me", test.wanted)
		if problem != nil || !slices.Equal(keys, test.keys) {
			t.Errorf("%s: %v, problem %v", name, keys, problem)
		}
	}
	if _, problem := sealingKeys(nil, "me", mostSealingKeys+1); problem == nil || !strings.Contains(problem.Message, "ask for 1") {
		t.Errorf("far too many: %v", problem)
	}
}

func TestAnUnreadableKeyNumberIsSaid(t *testing.T) {
	for _, text := range []string{"0", "-1", "two", "1.5", "99999999999"} {
		tenant := &halo.HaloTenant{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{naming.AnnotationSealingKey: text}}}
		if _, problem := wantedSealingKey(tenant); problem == nil || !problem.Stalled || !strings.Contains(problem.Message, naming.AnnotationSealingKey) {
			t.Errorf("%s: %v", text, problem)
		}
	}
}

func TestAMissingRootIsAskedForAndLookedForAgain(t *testing.T) {
	saysAndLooksAgain(t, t.TempDir(), "have no sealing-root; store 32 random bytes")
}

func TestAnUnreadableRootIsSaidWithoutItsTextAndLookedForAgain(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, sealingRootFile), []byte("secret words"), 0o600); err != nil {
		t.Fatal(err)
	}
	problem := saysAndLooksAgain(t, folder, "is not 32 bytes in base64")
	if strings.Contains(problem.Message, "secret words") {
		t.Errorf("the message tells the secret: %s", problem.Message)
	}
}

// saysAndLooksAgain asks for the root among the platform secrets of folder, which must be refused in words that have want
// in them, and looked for again within a minute.
func saysAndLooksAgain(t *testing.T, folder, want string) *decide.Problem {
	t.Helper()
	w := &work{now: time.Now()}
	_, problem, err := (&Reconciler{PlatformSecrets: folder}).sealingRoot(w)
	if err != nil || problem == nil {
		t.Fatalf("problem %v, error %v", problem, err)
	}
	if !problem.Stalled || !strings.Contains(problem.Message, want) {
		t.Errorf("stalled: %t, for: %s; want %q", problem.Stalled, problem.Message, want)
	}
	if w.wake.IsZero() || w.untilWake() > time.Minute {
		t.Error("nobody looks again")
	}
	return problem
}
