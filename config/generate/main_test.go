package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	psaapi "k8s.io/pod-security-admission/api"
	psapolicy "k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"

	"halo.dev/halo/test/score"
)

const root = "../.."

func TestTheChartsCopiesAreUpToDate(t *testing.T) {
	if err := run(root, true); err != nil {
		t.Fatal(err)
	}
}

func TestADriftedCopyIsNamed(t *testing.T) {
	folder := t.TempDir()
	if err := os.CopyFS(filepath.Join(folder, "config"), os.DirFS(filepath.Join(root, "config"))); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(folder, chart), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := run(folder, true); err == nil {
		t.Error("missing copies are not noticed")
	}
	if err := run(folder, false); err != nil {
		t.Fatal(err)
	}
	if err := run(folder, true); err != nil {
		t.Errorf("just written: %v", err)
	}
	role := filepath.Join(folder, chart, "role.yaml")
	if err := os.WriteFile(role, []byte("kind: ClusterRole\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(folder, true); err == nil || !strings.Contains(err.Error(), "role.yaml") {
		t.Errorf("got %v", err)
	}
}

// render runs a program that make puts into the PATH and returns the objects that it prints, by kind and name.
func render(t *testing.T, program string, arguments ...string) map[string]map[string]any {
	t.Helper()
	command := exec.Command(program, arguments...)
	var output, trouble bytes.Buffer
	command.Stdout, command.Stderr = &output, &trouble
	if err := command.Run(); err != nil {
		t.Fatalf("%s (make installs it): %v: %s", program, err, trouble.String())
	}
	objects := map[string]map[string]any{}
	for document := range strings.SplitSeq(output.String(), "\n---\n") {
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(document), &object.Object); err != nil {
			t.Fatal(err)
		}
		if len(object.Object) == 0 {
			continue
		}
		annotations := object.GetAnnotations()
		delete(annotations, "helm.sh/resource-policy")
		object.SetAnnotations(annotations)
		if len(annotations) == 0 {
			unstructured.RemoveNestedField(object.Object, "metadata", "annotations")
		}
		objects[object.GetKind()+" "+object.GetNamespace()+"/"+object.GetName()] = object.Object
	}
	return objects
}

func TestHelmAndKustomizeInstallTheSame(t *testing.T) {
	byHelm := render(t, "helm", "template", "halo-operator", filepath.Join(root, "charts", "halo-operator"), "--namespace", "halo-operator")
	byKustomize := render(t, "kustomize", "build", filepath.Join(root, "config", "default"))
	if _, made := byHelm["Secret halo-operator/halo-operator-ca"]; !made {
		t.Error("the chart makes no CA")
	}
	delete(byHelm, "Secret halo-operator/halo-operator-ca") // kustomize cannot make one
	delete(byKustomize, "Namespace /halo-operator")         // Helm does with --create-namespace
	if diff := cmp.Diff(byKustomize, byHelm); diff != "" {
		t.Error(diff)
	}
}

func TestHelmAndKustomizeWatchTheSame(t *testing.T) {
	byKustomize := render(t, "kustomize", "build", filepath.Join(root, "config", "monitoring"))
	folder := filepath.Join(root, "charts", "halo-operator")
	byHelm := render(t, "helm", "template", "halo-operator", folder, "--namespace", "halo-operator", "--set", "monitoring.alerts=true,monitoring.dashboard=true")
	elsewhere := render(t, "helm", "template", "halo-operator", folder, "--namespace", "elsewhere", "--set", "monitoring.alerts=true,monitoring.dashboard=true")
	without := render(t, "helm", "template", "halo-operator", folder, "--namespace", "halo-operator")
	if len(byKustomize) != 2 {
		t.Errorf("config/monitoring makes %d objects", len(byKustomize))
	}
	for name, object := range byKustomize {
		if diff := cmp.Diff(object, byHelm[name]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if without[name] != nil {
			t.Errorf("%s is made unasked", name)
		}
		if elsewhere[strings.Replace(name, "halo-operator/", "elsewhere/", 1)] == nil {
			t.Errorf("%s is not in the release's namespace", name)
		}
	}
}

func TestAGivenAuthorityIsNotReplaced(t *testing.T) {
	objects := render(t, "helm", "template", "halo-operator", filepath.Join(root, "charts", "halo-operator"), "--namespace", "elsewhere",
		"--set", "ca.existingSecret=our-ca", "--set", "platformSecret=our-relay", "--set", "kubernetesAPI.cidrs={192.0.2.1/32}")
	if _, made := objects["Secret elsewhere/halo-operator-ca"]; made {
		t.Error("the chart makes a CA beside the given one")
	}
	text, err := yaml.Marshal(objects["Deployment elsewhere/halo-operator"])
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"secretName: our-ca", "secretName: our-relay"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the Deployment lacks %s", want)
		}
	}
	guard, err := yaml.Marshal(objects["ValidatingAdmissionPolicy /halo-operator-guard-databases"])
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(guard), "system:serviceaccount:elsewhere:halo-operator") {
		t.Error("the guard would refuse the operator itself outside of its usual namespace")
	}
}

func TestKubeScoreHasNothingToSayOfTheManager(t *testing.T) {
	output, err := exec.Command("kustomize", "build", filepath.Join(root, "config", "default")).Output()
	if err != nil {
		t.Fatalf("kustomize (make installs it): %v", err)
	}
	complaints, _, err := score.Complaints(t.Context(), output)
	if err != nil {
		t.Fatal(err)
	}
	if len(complaints) > 0 {
		t.Error(strings.Join(complaints, "\n"))
	}
}

func TestTheManagersPodMeetsTheRestrictedStandard(t *testing.T) {
	byKustomize := render(t, "kustomize", "build", filepath.Join(root, "config", "default"))
	deployment := &appsv1.Deployment{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(byKustomize["Deployment halo-operator/halo-operator"], deployment); err != nil {
		t.Fatal(err)
	}
	evaluator, err := psapolicy.NewEvaluator(psapolicy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	level := psaapi.LevelVersion{Level: psaapi.LevelRestricted, Version: psaapi.LatestVersion()}
	results := evaluator.EvaluatePod(level, &deployment.Spec.Template.ObjectMeta, &deployment.Spec.Template.Spec)
	if len(results) == 0 {
		t.Error("nothing was looked at")
	}
	for _, result := range results {
		if !result.Allowed {
			t.Errorf("%s: %s", result.ForbiddenReason, result.ForbiddenDetail)
		}
	}
}
