// Package challenge stands for the proofs that ACME asks for.
package challenge

import "context"

// Provider presents a proof.
type Provider interface {
	Present(ctx context.Context, domain, token, keyAuthorization string) error
	CleanUp(ctx context.Context, domain, token, keyAuthorization string) error
}
