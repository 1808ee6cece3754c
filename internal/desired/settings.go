package desired

import (
	"slices"

	halo "halo.dev/halo/api/v1alpha1"
)

// Settings are the tenant's own values where it has any, and its class's elsewhere. None is below the class's floor.
type Settings struct {
	// Replicas is the number of pods, and the least of them where the class scales.
	Replicas        int32
	Schedule        string
	TimeZone        string
	RetentionDays   int32
	PointInTimeDays int32
	// RotationDays is how old the database's credentials may become; 0 is any age.
	RotationDays   int32
	BrandName      string
	BrandColor     string
	BrandLogo      string
	MailTLS        halo.MailTLS
	Limits         halo.ClassLimits
	DeletionPolicy halo.DeletionPolicy
}

// Resolve merges a tenant's overrides into its class's defaults. The API server refuses what is below the class's floor;
// a floor that was raised afterwards is kept to here.
func Resolve(tenant *halo.HaloTenant, class *halo.HaloTenantClass) Settings {
	settings := Settings{
		Replicas: class.Spec.Server.Replicas, Schedule: class.Spec.Backup.Schedule, TimeZone: class.Spec.Backup.TimeZone,
		RetentionDays: class.Spec.Backup.RetentionDays, PointInTimeDays: class.Spec.Database.PointInTimeDays,
		BrandName: tenant.Name, BrandColor: "#0b6e4f", MailTLS: class.Spec.Mail.TLS, DeletionPolicy: tenant.Spec.DeletionPolicy,
		Limits: limitsOf(tenant, class),
	}
	if server := tenant.Spec.Server; server != nil && server.Replicas != nil {
		settings.Replicas = *server.Replicas
	}
	if class.Spec.Credentials.RotationDays != nil {
		settings.RotationDays = *class.Spec.Credentials.RotationDays
	}
	if credentials := tenant.Spec.Credentials; credentials != nil && credentials.RotationDays != nil {
		settings.RotationDays = *credentials.RotationDays
	}
	if backup := tenant.Spec.Backup; backup != nil {
		if backup.Schedule != "" {
			settings.Schedule = backup.Schedule
		}
		if backup.RetentionDays != nil {
			settings.RetentionDays = *backup.RetentionDays
		}
	}
	if database := tenant.Spec.Database; database != nil && database.PointInTimeDays != nil {
		settings.PointInTimeDays = *database.PointInTimeDays
	}
	if mail := tenant.Spec.Mail; mail != nil && mail.TLS != "" {
		settings.MailTLS = mail.TLS
	}
	settings.brand(tenant.Spec.Brand)
	settings.raise(class)
	if tenant.Spec.Hibernate {
		settings.Replicas = 0 // at rest, whatever the floor
	}
	return settings
}

// limitsOf are the class's limits with those that the tenant has of its own.
func limitsOf(tenant *halo.HaloTenant, class *halo.HaloTenantClass) halo.ClassLimits {
	limits, own := class.Spec.Limits, tenant.Spec.Limits
	if own == nil {
		return limits
	}
	if own.RequestsPerMinutePerClient != nil {
		limits.RequestsPerMinutePerClient = *own.RequestsPerMinutePerClient
	}
	if own.RequestsPerMinute != nil {
		limits.RequestsPerMinute = *own.RequestsPerMinute
	}
	if own.BodyBytes != nil {
		limits.BodyBytes = *own.BodyBytes
	}
	return limits
}

func (s *Settings) brand(brand *halo.Brand) {
	if brand == nil {
		return
	}
	if brand.Name != "" {
		s.BrandName = brand.Name
	}
	if brand.Color != "" {
		s.BrandColor = brand.Color
	}
	s.BrandLogo = brand.Logo
}

// raise lifts what is below the class's floor.
func (s *Settings) raise(class *halo.HaloTenantClass) {
	floor := class.Spec.Floor
	s.Replicas = max(s.Replicas, floor.Replicas)
	s.RetentionDays = max(s.RetentionDays, floor.RetentionDays)
	s.PointInTimeDays = max(s.PointInTimeDays, floor.PointInTimeDays)
	if floor.MailTLS != halo.MailTLSOpportunistic && class.Spec.Mail.TLS != halo.MailTLSOpportunistic {
		s.MailTLS = halo.MailTLSRequired
	}
	if len(floor.DeletionPolicies) > 0 && !slices.Contains(floor.DeletionPolicies, s.DeletionPolicy) {
		s.DeletionPolicy = halo.DeletionSnapshot
	}
}
