package tenant

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/naming"
)

func TestAFinalCopyRemembersTheWholeSpecOrNone(t *testing.T) {
	tenant := &halo.HaloTenant{Spec: halo.HaloTenantSpec{ClassName: "production", Hostname: "halo.acme.example",
		AllowedOrigins: []halo.Origin{"https://www.acme.example"}, Advisors: []halo.Advisor{{ID: "planning", Name: "Desk", Email: "desk@acme.example"}},
		DeletionPolicy: halo.DeletionSnapshot}}
	note, err := specNote(tenant)
	if err != nil {
		t.Fatal(err)
	}
	var remembered halo.HaloTenantSpec
	if err := json.Unmarshal([]byte(note[naming.AnnotationTenantSpec]), &remembered); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(tenant.Spec, remembered); diff != "" {
		t.Error(diff)
	}
	for i := range 500 { // as many as the API takes, with names as long as it takes
		tenant.Spec.Advisors = append(tenant.Spec.Advisors, halo.Advisor{ID: fmt.Sprint(i), Name: strings.Repeat("n", 200), Email: strings.Repeat("e", 250) + "@a.b"})
	}
	if note, err := specNote(tenant); err != nil || len(note) != 0 {
		t.Errorf("%d bytes are more than an API server takes, error %v", len(note[naming.AnnotationTenantSpec]), err)
	}
}
