// Package certificate stands for orders of certificates.
package certificate

import "github.com/go-acme/lego/v5/certcrypto"

// ObtainRequest is an order that nobody takes.
type ObtainRequest struct {
	Domains, EmailAddresses  []string
	Bundle, EnableCommonName bool
	Profile, PreferredChain  string
	KeyType                  certcrypto.KeyType
}

// RenewOptions are those of another such order.
type RenewOptions struct {
	EmailAddresses           []string
	Bundle, EnableCommonName bool
	Profile, PreferredChain  string
}

// Resource is a certificate that was never ordered.
type Resource struct {
	ID                      string
	Domains                 []string
	PrivateKey, Certificate []byte
}
