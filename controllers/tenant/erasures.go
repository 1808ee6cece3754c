package tenant

import (
	"context"
	"fmt"

	"halo.dev/halo/controllers/erasures"
)

// readErasures gives the migration of a restored database the ledger of the family that the copy comes from. It is read
// when the Job is about to be made, from the API server itself, and without it there is no Job.
func (r *Reconciler) readErasures(ctx context.Context, w *work) error {
	w.status.Erasures = w.decision.ErasuresApplied()
	if r.rehearsal || !w.decision.StartsMigration() || !w.decision.AppliesErasures() {
		return nil
	}
	origin := erasures.Family(w.status)
	if origin == "" {
		return nil // it never had a person: it never had a key
	}
	ledger, err := erasures.Read(ctx, r.APIReader, origin)
	if err != nil {
		return fmt.Errorf("preparing the migration of tenant %s: %w", w.tenant.Name, err)
	}
	w.decision.Input.Erasures = ledger.Texts()
	return nil
}
