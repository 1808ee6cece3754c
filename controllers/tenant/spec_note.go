package tenant

import (
	"encoding/json"
	"fmt"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/naming"
)

// longestSpecNote keeps below the 256 KiB that all annotations of an object may have together.
const longestSpecNote = 200 << 10

// specNote remembers a tenant's spec on its final copy, so that the tenant can be made again as it was. A spec that is
// too long for an annotation is not remembered: whoever wants the tenant back needs its manifest then.
func specNote(tenant *halo.HaloTenant) (map[string]string, error) {
	text, err := json.Marshal(tenant.Spec)
	if err != nil {
		return nil, fmt.Errorf("noting the spec of tenant %s: %w", tenant.Name, err)
	}
	if len(text) > longestSpecNote {
		return nil, nil
	}
	return map[string]string{naming.AnnotationTenantSpec: string(text)}, nil
}
