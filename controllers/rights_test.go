package controllers_test

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"

	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"halo.dev/halo/test/apiserver"
)

// right is a verb on a kind. Whoever may list may get and watch as well: "read" stands for the three.
type right struct{ verb, group, resource string }

func (r right) String() string { return r.verb + " " + r.resource + "." + r.group }

// usedRights are those that the operator has made use of in the tests of this package.
type usedRights struct {
	mu   sync.Mutex
	used map[right]bool
}

var rights = &usedRights{used: map[right]bool{}}

// recordRights notes what each request of the operator needs: to apply an object that is not there is to create it too.
type recordRights struct{ next http.RoundTripper }

func (r recordRights) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := r.next.RoundTrip(request)
	needed, ok := rightOf(request)
	if err != nil || !ok {
		return response, err
	}
	rights.mu.Lock()
	defer rights.mu.Unlock()
	rights.used[needed] = true
	if needed.verb == "patch" && response.StatusCode == http.StatusCreated {
		rights.used[right{"create", needed.group, needed.resource}] = true
	}
	return response, nil
}

// rightOf reads /api/v1/… and /apis/GROUP/VERSION/…, then [namespaces/NAMESPACE/]RESOURCE[/NAME[/SUBRESOURCE]].
func rightOf(request *http.Request) (right, bool) {
	parts := strings.Split(strings.Trim(request.URL.Path, "/"), "/")
	group := ""
	switch {
	case len(parts) > 3 && parts[0] == "apis":
		group, parts = parts[1], parts[3:]
	case len(parts) > 2 && parts[0] == "api":
		parts = parts[2:]
	default:
		return right{}, false // what there is to discover
	}
	if len(parts) > 2 && parts[0] == "namespaces" {
		parts = parts[2:]
	}
	resource := parts[0]
	if len(parts) > 2 {
		resource += "/" + parts[2]
	}
	verb, known := map[string]string{http.MethodGet: "read", http.MethodPost: "create", http.MethodPut: "update", http.MethodPatch: "patch", http.MethodDelete: "delete"}[request.Method]
	return right{verb, group, resource}, known
}

// unasked are rights that no request of these tests needs, and why the operator has them.
var unasked = map[right]string{
	{"update", "halo.dev", "halotenants/finalizers"}: "where OwnerReferencesPermissionEnforcement is on, whoever makes a child that blocks its owner's deletion needs it",
	{"patch", "", "events"}:                          "who tells an event once more adds to the one that is there: here no replica is elected twice",
}

// idle lists the rights of a file's roles that no test has needed: each is either a right too many, or does what has no test.
func (u *usedRights) idle(file string) ([]string, error) {
	text, err := os.ReadFile(apiserver.Path(file))
	if err != nil {
		return nil, err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	var idle []string
	for document := range strings.SplitSeq(string(text), "\n---\n") {
		role := &rbacv1.ClusterRole{}
		if err := yaml.Unmarshal([]byte(document), role); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		for _, rule := range role.Rules {
			idle = append(idle, u.idleOf(rule)...)
		}
	}
	slices.Sort(idle)
	return slices.Compact(idle), nil
}

func (u *usedRights) idleOf(rule rbacv1.PolicyRule) []string {
	var idle []string
	for _, group := range rule.APIGroups {
		for _, resource := range rule.Resources {
			for _, verb := range rule.Verbs {
				given := right{verb, group, resource}
				if verb == "get" || verb == "list" || verb == "watch" {
					given.verb = "read"
				}
				if !u.used[given] && unasked[given] == "" {
					idle = append(idle, given.String())
				}
			}
		}
	}
	return idle
}
