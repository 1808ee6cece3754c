package controllers_test

import (
	"context"
	"strings"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
		operatorUser:                {{"create", "", "secrets"}, {"patch", "", "secrets"}, {"create", aws, "dbclusters"}, {"watch", "", "pods"}},
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
		for _, verb := range []string{"get", "list", "watch", "update", "delete"} {
			denied[user] = append(denied[user], [3]string{verb, "", "secrets"})
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
