// Package registration stands for ACME's accounts.
package registration

// RegisterOptions are those of an account that is never made.
type RegisterOptions struct{ TermsOfServiceAgreed bool }

// RegisterEABOptions are those of another one.
type RegisterEABOptions struct {
	TermsOfServiceAgreed bool
	Kid, HmacEncoded     string
}
