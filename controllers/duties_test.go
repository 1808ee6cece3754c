package controllers_test

import (
	"context"
	"strings"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"halo.dev/halo/internal/naming"
)

// may asks the API server itself.
func may(t *testing.T, user, verb, group, resource string) bool {
	t.Helper()
	name, subresource, _ := strings.Cut(resource, "/")
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: user, ResourceAttributes: &authorizationv1.ResourceAttributes{
			Verb: verb, Group: group, Resource: name, Subresource: subresource, Namespace: "halo-acme"},
	}}
	if err := cluster.Create(context.Background(), review); err != nil {
		t.Fatal(err)
	}
	return review.Status.Allowed
}

// TestEachDutyHasItsRightsAndNoOther holds the ClusterRoles, and the manager's own, against what they must not give.
func TestEachDutyHasItsRightsAndNoOther(t *testing.T) {
	for _, role := range []string{"halo-tenant-administrator", "halo-viewer", "halo-support"} {
		binding := &rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: role},
			RoleRef:  rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
			Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: role}}}
		if err := cluster.Create(context.Background(), binding); err != nil {
			t.Fatal(err)
		}
	}
	const own, aws = "halo.dev", "rds.services.k8s.aws"
	allowed := map[string][][3]string{
		"halo-tenant-administrator": {{"create", own, "halotenants"}, {"delete", own, "halotenants"}, {"create", own, "halobackups"}, {"get", own, "halotenantclasses"}},
		"halo-viewer":               {{"list", own, "halotenants"}, {"watch", own, "halobackups"}, {"get", own, "halotenantclasses"}},
		"halo-support":              {{"get", "", "pods/log"}, {"list", aws, "dbclusters"}, {"list", "batch", "jobs"}, {"get", own, "halotenants"}},
		operatorUser:                {{"create", "", "secrets"}, {"patch", "", "secrets"}, {"delete", "", "secrets"}, {"create", aws, "dbclusters"}, {"watch", "", "pods"}},
	}
	denied := map[string][][3]string{
		"halo-tenant-administrator": {{"update", own, "halotenantclasses"}, {"delete", own, "halobackups"}, {"patch", own, "halotenants/status"},
			{"get", "", "pods"}, {"delete", aws, "dbclusters"}, {"get", aws, "dbclusters"}},
		"halo-viewer":  {{"patch", own, "halotenants"}, {"create", own, "halobackups"}, {"delete", own, "halotenants"}, {"get", "", "pods/log"}},
		"halo-support": {{"patch", own, "halotenants"}, {"create", "", "pods/exec"}, {"create", "", "pods/portforward"}, {"delete", "", "pods"}, {"patch", aws, "dbclusters"}, {"get", "", "configmaps"}},
		operatorUser: {{"deletecollection", aws, "dbclusters"}, {"update", aws, "dbclusters"}, {"create", "", "pods"}, {"create", "", "pods/exec"},
			{"delete", own, "halotenants"}, {"create", own, "halotenantclasses"}, {"delete", own, "halotenantclasses"},
			{"create", "rbac.authorization.k8s.io", "clusterroles"}, {"create", "rbac.authorization.k8s.io", "rolebindings"},
			{"get", "", "nodes"}, {"create", "", "serviceaccounts/token"}, {"impersonate", "", "users"},
			{"patch", "admissionregistration.k8s.io", "validatingadmissionpolicies"}, {"patch", "apiextensions.k8s.io", "customresourcedefinitions"}},
	}
	for user := range allowed {
		for _, verb := range []string{"get", "list", "watch", "update", "deletecollection"} {
			denied[user] = append(denied[user], [3]string{verb, "", "secrets"})
		}
		if user != operatorUser { // which ones it may delete, and write, is a policy's to say
			denied[user] = append(denied[user], [3]string{"delete", "", "secrets"})
		}
		for _, right := range allowed[user] {
			if !may(t, user, right[0], right[1], right[2]) {
				t.Errorf("%s may not %s %s.%s", user, right[0], right[2], right[1])
			}
		}
		for _, right := range denied[user] {
			if may(t, user, right[0], right[1], right[2]) {
				t.Errorf("%s may %s %s.%s", user, right[0], right[2], right[1])
			}
		}
	}
}

// TestTheManagersSecretsAreBounded asks, as the manager, for what its rights would allow.
func TestTheManagersSecretsAreBounded(t *testing.T) {
	ctx := context.Background()
	own := map[string]string{naming.LabelManagedBy: naming.ManagedBy, naming.LabelTenant: "bounded"}
	for name, labels := range map[string]map[string]string{
		"halo-bounded": own, "elsewhere": nil, "posing": own, "halo-posing": own,
		"halo-unmanaged": nil,
	} {
		if err := cluster.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}); err != nil {
			t.Fatal(err)
		}
	}
	operators := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "halo-operator"}}
	label := func(value string) { // as whoever has the manager's account may
		patch := []byte(`{"metadata":{"labels":{"` + naming.LabelTenant + `":` + value + `}}}`)
		if err := cluster.Patch(ctx, operators, client.RawPatch(types.MergePatchType, patch)); err != nil {
			t.Fatal(err)
		}
	}
	label(`"operator"`)
	defer label("null")
	manager, err := client.New(apiConfig, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	secret := func(namespace, name string, labels map[string]string) *corev1.Secret {
		return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: labels}}
	}
	for _, one := range []*corev1.Secret{
		secret("halo-bounded", "database-users-1", own), secret("halo-bounded", "database-master-12", own), secret("halo-bounded", "token-keys", own),
		secret("halo-bounded", "sealing-keys", own), secret("halo-bounded", "database-users-0", own), secret("halo-bounded", "my-database-users-1", own),
		secret("halo-bounded", "database-master-3", nil), secret("halo-bounded", "database-users-2-copy", own),
		secret("elsewhere", "database-users-1", own), secret("posing", "database-users-1", own), secret("halo-posing", "database-users-1", own),
		secret("halo-unmanaged", "database-users-1", own), secret("halo-operator", "database-users-1", own), secret("kube-system", "database-users-1", own),
	} {
		if err := cluster.Create(ctx, one); err != nil {
			t.Fatal(err)
		}
		deletes := one.Namespace == "halo-bounded" && (one.Name == "database-users-1" || one.Name == "database-master-12")
		writes := one.Namespace == "halo-bounded"
		for action, c := range map[string]struct {
			allowed bool
			do      func() error
		}{
			"delete": {deletes, func() error { return manager.Delete(ctx, secret(one.Namespace, one.Name, nil), client.DryRunAll) }},
			"patch": {writes, func() error {
				return manager.Patch(ctx, secret(one.Namespace, one.Name, nil), client.RawPatch(types.MergePatchType, []byte("{}")), client.DryRunAll)
			}},
			"create": {writes, func() error { return manager.Create(ctx, secret(one.Namespace, "another", nil), client.DryRunAll) }},
		} {
			eventually(t, action+" of "+one.Namespace+"/"+one.Name, func() string {
				if err := c.do(); (err == nil) != c.allowed || (err != nil && !apierrors.IsForbidden(err)) {
					return "the API server says: " + errorText(err)
				}
				return ""
			})
		}
	}
}
