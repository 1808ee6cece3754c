// Package acme stands for ACME's messages.
package acme

// Account is one that is never made.
type Account struct{}

// ExtendedAccount is an Account with its address.
type ExtendedAccount struct {
	Account
	Location string
}
