package desired_test

import (
	"bytes"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/desired"
	"halo.dev/halo/test/score"
)

func complaints(t *testing.T, in desired.Input) ([]string, int) {
	t.Helper()
	var manifests bytes.Buffer
	for _, object := range objects(t, in) {
		text, err := yaml.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		manifests.WriteString("---\n")
		manifests.Write(text)
	}
	found, right, err := score.Complaints(t.Context(), manifests.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return found, right
}

func TestKubeScoreHasNothingToSayOfATenant(t *testing.T) {
	for name, in := range map[string]desired.Input{"plain": input(t), "everything": everything(t), "traefik": traefik(t)} {
		found, right := complaints(t, in)
		if len(found) > 0 || right < 20 {
			t.Errorf("%s: %d are right, and\n%s", name, right, strings.Join(found, "\n"))
		}
	}
	in := input(t)
	in.Class.Spec.Server = halo.ClassServer{Replicas: 2}
	if found, _ := complaints(t, in); len(found) == 0 {
		t.Error("nothing is said of pods without limits: it does not look")
	}
}
