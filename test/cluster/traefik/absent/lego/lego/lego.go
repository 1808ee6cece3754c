// Package lego stands for the ACME client: this Traefik orders no certificates.
package lego

import (
	"context"
	"crypto/x509"
	"errors"
	"net/http"
	"time"

	"github.com/go-acme/lego/v5/acme"
	"github.com/go-acme/lego/v5/certificate"
	"github.com/go-acme/lego/v5/challenge"
	"github.com/go-acme/lego/v5/challenge/dns01"
	"github.com/go-acme/lego/v5/challenge/http01"
	"github.com/go-acme/lego/v5/challenge/tlsalpn01"
	"github.com/go-acme/lego/v5/registration"
)

// DirectoryURLLetsEncrypt is where no order goes.
const DirectoryURLLetsEncrypt = ""

var errAbsent = errors.New("ACME is not in this build")

// Config is what a client would be made from.
type Config struct {
	CADirURL, UserAgent string
	HTTPClient          *http.Client
	Certificate         struct{ Timeout time.Duration }
}

// NewConfig gives a configuration of nothing.
func NewConfig(any) *Config { return &Config{} }

// Client is never made.
type Client struct {
	Challenge    challengers
	Registration registrar
	Certificate  certifier
}

// NewClient refuses.
func NewClient(*Config) (*Client, error) { return nil, errAbsent }

// CreateCertPool refuses.
func CreateCertPool([]string, bool) (*x509.CertPool, error) { return nil, errAbsent }

type challengers struct{}

func (challengers) SetDNS01Provider(challenge.Provider, ...dns01.ChallengeOption) error {
	return errAbsent
}

func (challengers) SetHTTP01Provider(challenge.Provider, ...http01.ChallengeOption) error {
	return errAbsent
}

func (challengers) SetTLSALPN01Provider(challenge.Provider, ...tlsalpn01.ChallengeOption) error {
	return errAbsent
}

type registrar struct{}

func (registrar) Register(context.Context, registration.RegisterOptions) (*acme.ExtendedAccount, error) {
	return nil, errAbsent
}

func (registrar) RegisterWithExternalAccountBinding(context.Context, registration.RegisterEABOptions) (*acme.ExtendedAccount, error) {
	return nil, errAbsent
}

type certifier struct{}

func (certifier) Obtain(context.Context, certificate.ObtainRequest) (*certificate.Resource, error) {
	return nil, errAbsent
}

func (certifier) Renew(context.Context, certificate.Resource, *certificate.RenewOptions) (*certificate.Resource, error) {
	return nil, errAbsent
}
