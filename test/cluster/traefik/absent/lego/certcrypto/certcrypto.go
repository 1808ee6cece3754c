// Package certcrypto stands for the choice of a key.
package certcrypto

// KeyType names a kind of key.
type KeyType string

// Kinds of keys, none of which is made.
const (
	EC256   KeyType = "EC256"
	EC384   KeyType = "EC384"
	RSA2048 KeyType = "RSA2048"
	RSA4096 KeyType = "RSA4096"
	RSA8192 KeyType = "RSA8192"
)
