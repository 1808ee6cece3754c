package desired

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"halo.dev/halo/internal/naming"
)

// Keys of the ConfigMap that running pods reload.
const (
	KeyConfig     = "config.yaml"
	KeyDatabaseCA = "database-ca.pem"
	KeyMailCA     = "mail-ca.pem"
)

// serverConfig is the file that halo-server reloads; docs/architecture.md has its shape.
type serverConfig struct {
	Tenant         string    `json:"tenant"`
	Hostname       string    `json:"hostname"`
	AllowedOrigins []string  `json:"allowedOrigins"`
	Advisors       []advisor `json:"advisors"`
	Brand          brand     `json:"brand"`
	Mail           mail      `json:"mail"`
	Limits         limits    `json:"limits"`
	Console        *console  `json:"console,omitempty"`
	// Retention is left out where persons are kept, so that nothing changes for them.
	Retention *retention `json:"retention,omitempty"`
}

type retention struct {
	PersonDays int32 `json:"personDays"`
}

type advisor struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email"`
}

type brand struct {
	Name  string `json:"name"`
	Color string `json:"color"`
	Logo  string `json:"logo,omitempty"`
}

type console struct {
	Hostname string `json:"hostname"`
}

type mail struct {
	Host string `json:"host"`
	Port int32  `json:"port"`
	TLS  string `json:"tls"`
	From string `json:"from"`
}

type limits struct {
	RequestsPerMinutePerClient int32 `json:"requestsPerMinutePerClient"`
	RequestsPerMinute          int32 `json:"requestsPerMinute"`
	BodyBytes                  int64 `json:"bodyBytes"`
}

// ServerConfig holds everything that may change without a restart, and the public certificates of those whom the
// server calls.
func ServerConfig(in Input) (*corev1.ConfigMap, error) {
	text, err := yaml.Marshal(configOf(in))
	if err != nil {
		return nil, fmt.Errorf("writing %s of tenant %s: %w", KeyConfig, in.Tenant.Name, err)
	}
	return &corev1.ConfigMap{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: in.meta(naming.ServerConfig, naming.ComponentLabels(in.Tenant.Name, naming.ComponentServer)),
		Data: map[string]string{
			KeyConfig:     string(text),
			KeyDatabaseCA: in.Class.Spec.Database.CABundle,
			KeyMailCA:     in.Class.Spec.Mail.CABundle,
		},
	}, nil
}

func configOf(in Input) serverConfig {
	spec, class, settings := in.Tenant.Spec, in.Class.Spec, in.settings()
	config := serverConfig{
		Tenant: in.Tenant.Name, Hostname: spec.Hostname,
		Brand: brand{Name: settings.BrandName, Color: settings.BrandColor, Logo: settings.BrandLogo},
		Mail:  mail{Host: class.Mail.Host, Port: class.Mail.Port, TLS: string(settings.MailTLS), From: class.Mail.From},
		Limits: limits{
			RequestsPerMinutePerClient: settings.Limits.RequestsPerMinutePerClient,
			RequestsPerMinute:          settings.Limits.RequestsPerMinute,
			BodyBytes:                  settings.Limits.BodyBytes,
		},
	}
	if hostname := ConsoleHostname(in.Tenant, in.Class); hostname != "" {
		config.Console = &console{Hostname: hostname}
	}
	if spec.Retention != nil && spec.Retention.PersonDays != nil {
		config.Retention = &retention{PersonDays: *spec.Retention.PersonDays}
	}
	for _, origin := range spec.AllowedOrigins {
		config.AllowedOrigins = append(config.AllowedOrigins, string(origin))
	}
	for _, a := range spec.Advisors {
		config.Advisors = append(config.Advisors, advisor{ID: a.ID, Name: a.Name, Email: a.Email})
	}
	return config
}

// ConfigSHA256 is what a pod that serves a ConfigMap's config.yaml tells of it.
func ConfigSHA256(config *corev1.ConfigMap) string {
	sum := sha256.Sum256([]byte(config.Data[KeyConfig]))
	return hex.EncodeToString(sum[:])
}

// ConfigHash changes when a ConfigMap's data do.
func ConfigHash(config *corev1.ConfigMap) string {
	return hashOf(config.Data[KeyConfig], config.Data[KeyDatabaseCA], config.Data[KeyMailCA])
}

// hashOf is a short digest that names and annotations can carry; parts cannot run into each other.
func hashOf(parts ...string) string {
	digest := sha256.New()
	for _, part := range parts {
		fmt.Fprintf(digest, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(digest.Sum(nil))[:16]
}
