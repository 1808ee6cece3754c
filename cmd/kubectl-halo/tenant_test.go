package main

import (
	"context"
	"os"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/desired"
	"halo.dev/halo/internal/naming"
	"halo.dev/halo/test/apiserver"
)

func TestWhyTellsWhatANewTenantWaitsFor(t *testing.T) {
	apply(t, sampleText(t, "halotenantclass"))
	apply(t, strings.NewReplacer("name: acme", "name: waiting", "halo.acme", "halo.waiting").Replace(sampleText(t, "halotenant")))
	want := "DBCluster halo-waiting: ACK has said nothing of it yet; is the rds-controller running?"
	supportIs(t, "sam")
	eventually(t, "what it waits for", func() string {
		exit, out, problems := haloCommand(t, "", "why", "waiting", "--as", "sam") // no right beyond the duty's is needed
		if exit != exitDiffers || !strings.Contains(out, want) {
			return out + problems
		}
		t.Log("\n" + out)
		return ""
	})
}

// supportIs gives a user the duty of support, as config/rbac has it.
func supportIs(t *testing.T, user string) {
	t.Helper()
	text, err := os.ReadFile(apiserver.Path("config/rbac/duties.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for document := range strings.SplitSeq(string(text), "\n---\n") {
		role := &rbacv1.ClusterRole{}
		if err := yaml.UnmarshalStrict([]byte(document), role); err != nil {
			t.Fatal(err)
		}
		if role.Name != "halo-support" {
			continue
		}
		binding := &rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: user},
			RoleRef:  rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
			Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}}}
		for _, object := range []client.Object{role, binding} {
			if err := cluster.Create(context.Background(), object); err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	t.Fatal("there is no such duty")
}

func TestRotateAsksAndAsksAgain(t *testing.T) {
	apply(t, sampleText(t, "halotenantclass"))
	apply(t, strings.NewReplacer("name: acme", "name: rotated", "halo.acme", "halo.rotated").Replace(sampleText(t, "halotenant")))
	seen := map[string]bool{}
	for range 2 {
		if exit, _, problems := haloCommand(t, "", "rotate", "rotated"); exit != exitSame {
			t.Fatal(problems)
		}
		tenant := &halo.HaloTenant{}
		if err := cluster.Get(context.Background(), client.ObjectKey{Name: "rotated"}, tenant); err != nil {
			t.Fatal(err)
		}
		seen[tenant.Annotations[naming.AnnotationRotate]] = true
	}
	if len(seen) != 2 || seen[""] {
		t.Errorf("the annotation had the values %v", seen)
	}
	if exit, _, problems := haloCommand(t, "", "rotate", "nobody"); exit != exitTrouble || !strings.Contains(problems, "nobody") {
		t.Errorf("exit %d: %s", exit, problems)
	}
}

func TestUndeleteNeedsAFinalCopyThatCanBeRestored(t *testing.T) {
	ctx := context.Background()
	apply(t, sampleText(t, "halotenantclass"))
	if exit, _, problems := haloCommand(t, "", "undelete", "gone"); exit != exitTrouble || !strings.Contains(problems, "there is no final HaloBackup of a tenant gone") {
		t.Errorf("exit %d: %s", exit, problems)
	}
	spec := &struct{ Spec map[string]any }{}
	if err := yaml.Unmarshal([]byte(strings.Replace(sampleText(t, "halotenant"), "halo.acme", "halo.gone", 1)), spec); err != nil {
		t.Fatal(err)
	}
	note, err := (&unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "x", "spec": spec.Spec}}).MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	text := strings.TrimSuffix(strings.SplitN(string(note), `"spec":`, 2)[1], "}\n")
	backup := &halo.HaloBackup{ObjectMeta: metav1.ObjectMeta{Name: "gone-final-0a1b2c3d", Annotations: map[string]string{naming.AnnotationTenantSpec: text}},
		Spec: halo.HaloBackupSpec{TenantName: "gone", Source: halo.SourceFinal}}
	if err := cluster.Create(ctx, backup); err != nil {
		t.Fatal(err)
	}
	if exit, _, problems := haloCommand(t, "", "undelete", "gone"); exit != exitTrouble || !strings.Contains(problems, "cannot be restored yet") {
		t.Errorf("exit %d: %s", exit, problems)
	}
	snapshot, available := desired.Snapshot(backup, &halo.HaloTenantClass{}, "halo-gone"), "available"
	if err := cluster.Create(ctx, snapshot); err != nil {
		t.Fatal(err)
	}
	snapshot.Status.Status = &available // which RDS says
	if err := cluster.Status().Update(ctx, snapshot); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a tenant made again", func() string {
		if exit, _, problems := haloCommand(t, "", "undelete", "gone"); exit != exitSame {
			return problems
		}
		return ""
	})
	tenant := &halo.HaloTenant{}
	if err := cluster.Get(ctx, client.ObjectKey{Name: "gone"}, tenant); err != nil {
		t.Fatal(err)
	}
	if tenant.Spec.Bootstrap == nil || tenant.Spec.Bootstrap.BackupName != backup.Name || tenant.Spec.Hostname != "halo.gone.example" || len(tenant.Spec.Advisors) != 1 {
		t.Errorf("%+v", tenant.Spec)
	}
	if exit, _, problems := haloCommand(t, "", "undelete", "gone"); exit != exitTrouble || !strings.Contains(problems, "HaloTenant gone is there") {
		t.Errorf("exit %d: %s", exit, problems)
	}
}
