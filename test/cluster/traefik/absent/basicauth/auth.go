// Package auth stands for the library of Traefik's basicAuth and digestAuth
// middlewares: whoever is asked for a password is refused.
package auth

import "net/http"

// SecretProvider gives a user's secret.
type SecretProvider func(user, realm string) string

// BasicAuth refuses everyone.
type BasicAuth struct {
	Realm   string
	Secrets SecretProvider
}

// RequireAuth refuses.
func (*BasicAuth) RequireAuth(w http.ResponseWriter, _ *http.Request) { refuse(w) }

// CheckSecret says no.
func CheckSecret(_, _ string) bool { return false }

// DigestAuth refuses everyone.
type DigestAuth struct{}

// NewDigestAuthenticator gives one that refuses everyone.
func NewDigestAuthenticator(string, SecretProvider) *DigestAuth { return &DigestAuth{} }

// CheckAuth knows nobody.
func (*DigestAuth) CheckAuth(*http.Request) (user string, information *string) { return "", nil }

// RequireAuth refuses.
func (*DigestAuth) RequireAuth(w http.ResponseWriter, _ *http.Request) { refuse(w) }

// RequireAuthStale refuses.
func (*DigestAuth) RequireAuthStale(w http.ResponseWriter, _ *http.Request) { refuse(w) }

// DigestAuthParams reads nothing.
func DigestAuthParams(string) map[string]string { return nil }

func refuse(w http.ResponseWriter) {
	http.Error(w, "passwords are not in this build", http.StatusUnauthorized)
}
