package plan

import "sigs.k8s.io/controller-runtime/pkg/client"

// Same is same.
func Same(wanted, live client.Object) bool { return same(wanted, live) }

// SameByJSON is what same abbreviates.
func SameByJSON(wanted, live client.Object) (bool, error) {
	one, err := plain(wanted)
	if err != nil {
		return false, err
	}
	other, err := plain(live)
	if err != nil {
		return false, err
	}
	return len(differences("", one.Object, other.Object)) == 0, nil
}
