package v1alpha1_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"halo.dev/halo/internal/origins"
	"halo.dev/halo/test/apiserver"
)

var apiServer client.Client

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	config, stop, err := apiserver.Start()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() {
		if err := stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}()
	if apiServer, err = client.New(config, client.Options{}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// sample reads one of config/samples and gives it a name of its own.
func sample(t *testing.T, file, name string) *unstructured.Unstructured {
	t.Helper()
	text, err := os.ReadFile(apiserver.Path("config/samples/" + file))
	if err != nil {
		t.Fatal(err)
	}
	object := &unstructured.Unstructured{}
	if err := yaml.Unmarshal(text, &object.Object); err != nil {
		t.Fatal(err)
	}
	object.SetName(name)
	return object
}

// set puts a value at a dotted path.
func set(t *testing.T, object *unstructured.Unstructured, path string, value any) {
	t.Helper()
	fields := strings.Split(path, ".")
	if value == nil {
		unstructured.RemoveNestedField(object.Object, fields...)
		return
	}
	if err := unstructured.SetNestedField(object.Object, value, fields...); err != nil {
		t.Fatal(err)
	}
}

func list(values ...any) []any { return values }

type validationCase struct {
	name    string
	path    string
	value   any
	refusal string // a part of the API server's message; empty means accepted
}

func checkCreation(t *testing.T, file string, cases []validationCase) {
	t.Helper()
	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			object := sample(t, file, fmt.Sprintf("%s-%d", strings.ToLower(strings.Split(t.Name(), "/")[0]), i))
			set(t, object, c.path, c.value)
			err := apiServer.Create(context.Background(), object)
			switch {
			case c.refusal == "" && err != nil:
				t.Fatalf("refused: %v", err)
			case c.refusal != "" && err == nil:
				t.Fatal("accepted")
			case c.refusal != "" && !strings.Contains(err.Error(), c.refusal):
				t.Fatalf("refused with %q, want a message with %q", err, c.refusal)
			}
		})
	}
}

func TestSamplesAreAccepted(t *testing.T) {
	for _, file := range []string{"halotenantclass.yaml", "halotenant.yaml", "halotenant-all-fields.yaml", "halobackup.yaml"} {
		object := sample(t, file, "sample")
		if err := apiServer.Create(context.Background(), object, client.FieldValidation("Strict")); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		if file != "halotenant.yaml" {
			continue
		}
		if err := apiServer.Delete(context.Background(), object); err != nil {
			t.Error(err)
		}
	}
}

func TestABrandNewObjectNeverReadsAsCurrent(t *testing.T) {
	for _, file := range []string{"halotenantclass.yaml", "halotenant.yaml", "halobackup.yaml"} {
		object := sample(t, file, "brand-new")
		if err := apiServer.Create(context.Background(), object); err != nil {
			t.Fatal(err)
		}
		if err := apiServer.Get(context.Background(), client.ObjectKeyFromObject(object), object); err != nil {
			t.Fatal(err)
		}
		if generation, _, _ := unstructured.NestedInt64(object.Object, "status", "observedGeneration"); generation != -1 {
			t.Errorf("%s: observedGeneration %d, want -1", file, generation)
		}
		conditions, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
		text := fmt.Sprint(conditions)
		if !strings.Contains(text, "status:Unknown type:Ready") || !strings.Contains(text, "status:True type:Reconciling") {
			t.Errorf("%s: conditions %s", file, text)
		}
	}
}

func TestTenants(t *testing.T) {
	const exactly = "an origin is exactly scheme://host[:port]"
	cases := []validationCase{
		{"an origin with a port", "spec.allowedOrigins", list("https://www.acme.example:8443"), ""},
		{"an origin of a developer", "spec.allowedOrigins", list("http://localhost:3000", "http://a.localhost", "http://127.0.0.1:8080", "http://[::1]:3000"), ""},
		{"an origin with an address", "spec.allowedOrigins", list("https://192.0.2.7", "https://[2001:db8::1]:8443"), ""},
		{"an origin with a slash", "spec.allowedOrigins", list("https://www.acme.example/"), exactly},
		{"an origin with a path", "spec.allowedOrigins", list("https://www.acme.example/page"), exactly},
		{"an origin with a wildcard", "spec.allowedOrigins", list("https://*.acme.example"), exactly},
		{"an origin without a scheme", "spec.allowedOrigins", list("www.acme.example"), exactly},
		{"an origin in the clear", "spec.allowedOrigins", list("http://www.acme.example"), exactly},
		{"an origin that only looks local", "spec.allowedOrigins", list("http://localhost.acme.example"), exactly},
		{"an origin in upper case", "spec.allowedOrigins", list("https://WWW.acme.example"), exactly},
		{"an origin with a user", "spec.allowedOrigins", list("https://me@www.acme.example"), exactly},
		{"an origin with an empty port", "spec.allowedOrigins", list("https://www.acme.example:"), exactly},
		{"an origin with the port of its scheme", "spec.allowedOrigins", list("https://www.acme.example:443"), "leave out the scheme's own port"},
		{"an origin with the port of the other scheme", "spec.allowedOrigins", list("https://www.acme.example:80"), ""},
		{"the origin null", "spec.allowedOrigins", list("null"), exactly},
		{"an origin twice", "spec.allowedOrigins", list("https://a.example", "https://a.example"), "Duplicate value"},
		{"no origin", "spec.allowedOrigins", list(), "spec.allowedOrigins"},
		{"a second bad origin", "spec.allowedOrigins", list("https://a.example", "ftp://b.example"), "spec.allowedOrigins[1]"},
		{"35 days", "spec.database", map[string]any{"pointInTimeDays": int64(35)}, ""},
		{"36 days", "spec.database", map[string]any{"pointInTimeDays": int64(36)}, "RDS gives 35 days at most; to keep copies longer, raise spec.backup.retentionDays"},
		{"no day", "spec.database", map[string]any{"pointInTimeDays": int64(0)}, "must be 1 to 35"},
		{"copies for ten years", "spec.backup", map[string]any{"retentionDays": int64(3650)}, ""},
		{"persons for thirty days", "spec.retention", map[string]any{"personDays": int64(30)}, ""},
		{"persons for a day", "spec.retention", map[string]any{"personDays": int64(1)}, "spec.retention.personDays must be 30 to 3650"},
		{"persons for a century", "spec.retention", map[string]any{"personDays": int64(36500)}, "spec.retention.personDays must be 30 to 3650"},
		{"a hostname without a domain", "spec.hostname", "acme", "spec.hostname must be a lower-case DNS name"},
		{"a hostname in upper case", "spec.hostname", "Halo.acme.example", "spec.hostname must be"},
		{"a hostname with a port", "spec.hostname", "halo.acme.example:443", "spec.hostname must be"},
		{"a hostname with a wildcard", "spec.hostname", "*.acme.example", "spec.hostname must be"},
		{"a hostname that is an address", "spec.hostname", "192.0.2.7", "spec.hostname must be"},
		{"an advisor twice", "spec.advisors", list(advisor("a"), advisor("a")), "Duplicate value"},
		{"an advisor without an address", "spec.advisors", list(map[string]any{"id": "a", "name": "A", "email": "nobody"}), "spec.advisors[0].email"},
		{"no advisor", "spec.advisors", list(), "spec.advisors"},
		{"a logo at an address", "spec.brand", map[string]any{"logo": "https://www.acme.example/logo.png"}, "spec.brand.logo"},
		{"a logo that is a drawing", "spec.brand", map[string]any{"logo": "data:image/svg+xml;base64,PHN2Zy8+"}, "spec.brand.logo"},
		{"a logo of more than 32 KiB", "spec.brand", map[string]any{"logo": "data:image/png;base64," + strings.Repeat("A", 32<<10)}, "spec.brand.logo"},
		{"limits of one's own", "spec.limits", map[string]any{"requestsPerMinutePerClient": int64(10), "requestsPerMinute": int64(100), "bodyBytes": int64(4096)}, ""},
		{"a limit that lets nobody in", "spec.limits", map[string]any{"requestsPerMinute": int64(0)}, "spec.limits.requestsPerMinute"},
		{"a limit that is none", "spec.limits", map[string]any{"requestsPerMinutePerClient": int64(1000001)}, "spec.limits.requestsPerMinutePerClient"},
		{"bodies of more than 1 MiB", "spec.limits", map[string]any{"bodyBytes": int64(1<<20 + 1)}, "spec.limits.bodyBytes"},
		{"more for one than for all", "spec.limits", map[string]any{"requestsPerMinutePerClient": int64(20), "requestsPerMinute": int64(10)}, "must not be above spec.limits.requestsPerMinute"},
		{"mail that nobody knows", "spec.mail", map[string]any{"tls": "none"}, "spec.mail.tls"},
		{"a color with a name", "spec.brand", map[string]any{"color": "green"}, "spec.brand.color"},
		{"a policy of somebody's own", "spec.deletionPolicy", "Forget", "spec.deletionPolicy"},
		{"no class", "spec.className", "", "spec.className"},
	}
	checkCreation(t, "halotenant.yaml", cases)
}

func advisor(id string) map[string]any {
	return map[string]any{"id": id, "name": "Desk", "email": "desk@acme.example"}
}

func TestClasses(t *testing.T) {
	checkCreation(t, "halotenantclass.yaml", []validationCase{
		{"a key of another region", "spec.database.kmsKeyARN", "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d", "must be a key of spec.region"},
		{"an alias of a key", "spec.database.kmsKeyARN", "alias/halo", "must be the full ARN of a key"},
		{"the id of a key", "spec.database.kmsKeyARN", "0a1b2c3d-0000-4000-8000-000000000001", "must be the full ARN of a key"},
		{"36 days", "spec.database.pointInTimeDays", int64(36), "RDS gives 35 days at most"},
		{"another engine", "spec.database.engineVersion", "5.7.mysql_aurora.2.11.1", "must be an Aurora MySQL 3 version"},
		{"one subnet", "spec.database.subnetIDs", list("subnet-1"), "spec.database.subnetIDs"},
		{"serverless without its range", "spec.database.serverless", nil, "serverless goes with instanceClass db.serverless"},
		{"a range for another instance class", "spec.database.instanceClass", "db.r6g.large", "serverless goes with instanceClass db.serverless"},
		{"a range upside down", "spec.database.serverless", map[string]any{"minCapacity": "8", "maxCapacity": "4"}, "minCapacity must not be above maxCapacity"},
		{"no capacity at all", "spec.database.serverless", map[string]any{"minCapacity": "0", "maxCapacity": "0.5"}, "maxCapacity must be 1 to 256"},
		{"capacity as numbers", "spec.database.serverless", map[string]any{"minCapacity": int64(1), "maxCapacity": int64(4)}, ""},
		{"no certificates", "spec.database.caBundle", "hello", "caBundle must hold certificates in PEM"},
		{"a network without a length", "spec.network.databaseCIDRs", list("10.0.0.1"), "databaseCIDRs must hold networks"},
		{"an environment of its own", "spec.environment", "playground", "spec.environment"},
		{"a region that is none", "spec.region", "Virginia", "must be the name of an AWS region"},
		{"a limit that pods would refuse", "spec.limits", map[string]any{"requestsPerMinute": int64(10000001)}, "spec.limits.requestsPerMinute"},
		{"mail in the clear", "spec.mail.tls", "none", "spec.mail.tls"},
		{"a floor above what the class gives", "spec.floor", map[string]any{"retentionDays": int64(37)}, "spec.floor must not be above what the class itself gives"},
		{"a floor without the default policy", "spec.floor", map[string]any{"deletionPolicies": list("Retain")}, "floor.deletionPolicies must hold Snapshot"},
		{"an issuer", "spec.certificate", map[string]any{"issuerRef": map[string]any{"name": "platform"}}, ""},
		{"an issuer's CA without an issuer", "spec.certificate", map[string]any{"caBundle": "-----BEGIN CERTIFICATE-----"}, "certificate.caBundle goes with certificate.issuerRef"},
		{"a collector without a port", "spec.telemetry", map[string]any{"endpoint": "https://collector.example", "cidrs": list("192.0.2.1/32")}, "must be a URL with a port"},
		{"a collector that nothing leads to", "spec.telemetry", map[string]any{"endpoint": "https://collector.example:4318"}, "telemetry needs collector"},
		{"scaling", "spec.server.autoscaling", map[string]any{"maxReplicas": int64(6), "metric": map[string]any{"name": "busy", "averageValue": "20"}}, ""},
		{"scaling without an end", "spec.server.autoscaling", map[string]any{}, "maxReplicas"},
	})
}

func TestEntrances(t *testing.T) {
	pods := map[string]any{"namespace": "edge", "podLabels": map[string]any{"app": "proxy"}}
	gateway := map[string]any{"namespace": "edge", "name": "public"}
	entrance := func(fields ...any) map[string]any {
		made := map[string]any{"controller": pods}
		for i := 0; i < len(fields); i += 2 {
			made[fields[i].(string)] = fields[i+1]
		}
		return made
	}
	nobody := entrance("className", "alb")
	delete(nobody, "controller")
	checkCreation(t, "halotenantclass.yaml", []validationCase{
		{"a Gateway", "spec.ingress", entrance("gateway", gateway), ""},
		{"a load balancer outside of the cluster", "spec.ingress", map[string]any{"className": "alb", "sourceCIDRs": list("10.20.0.0/16")}, ""},
		{"neither an Ingress class nor a Gateway", "spec.ingress", entrance(), "an entrance has either className"},
		{"both", "spec.ingress", entrance("className", "alb", "gateway", gateway), "an entrance has either className"},
		{"nobody who may connect", "spec.ingress", nobody, "an entrance needs controller"},
		{"networks of clients", "spec.ingress", entrance("className", "alb", "clientCIDRs", list("198.51.100.0/24"), "clientCIDRAnnotation", "example.com/networks"), ""},
		{"networks of clients that nobody is told", "spec.ingress", entrance("className", "alb", "clientCIDRs", list("198.51.100.0/24")), "clientCIDRs need className and clientCIDRAnnotation"},
		{"networks of clients at a Gateway", "spec.ingress", entrance("gateway", gateway, "clientCIDRs", list("198.51.100.0/24"), "clientCIDRAnnotation", "example.com/networks"), "restrict its clients at the Gateway itself"},
		{"a network of clients that is none", "spec.ingress", entrance("className", "alb", "clientCIDRs", list("office"), "clientCIDRAnnotation", "example.com/networks"), "clientCIDRs must hold networks"},
		{"Traefik's transport", "spec.ingress", entrance("className", "traefik", "serversTransport", "traefik"), ""},
		{"Traefik's transport at a Gateway", "spec.ingress", entrance("gateway", gateway, "serversTransport", "traefik"), "serversTransport goes with className"},
	})
}

func TestConsoles(t *testing.T) {
	console := func(fields ...any) map[string]any {
		made := map[string]any{"controller": map[string]any{"namespace": "intranet", "podLabels": map[string]any{"app": "proxy"}}, "domain": "console.firm.example"}
		for i := 0; i < len(fields); i += 2 {
			made[fields[i].(string)] = fields[i+1]
		}
		return made
	}
	gateway := map[string]any{"namespace": "edge", "name": "public"}
	checkCreation(t, "halotenantclass.yaml", []validationCase{
		{"an Ingress class of its own", "spec.console", console("className", "internal"), ""},
		{"a Gateway beside an Ingress class", "spec.console", console("gateway", gateway), ""},
		{"the visitors' Ingress class", "spec.console", console("className", "halo-local"), "spec.console.className must be another than spec.ingress.className"},
		{"no entrance", "spec.console", console(), "an entrance has either className"},
		{"a domain with a wildcard", "spec.console", console("className", "internal", "domain", "*.firm.example"), "spec.console.domain must be"},
		{"a domain of one label", "spec.console", console("className", "internal", "domain", "console"), "spec.console.domain must be"},
		{"a proxy that is no network", "spec.console", console("className", "internal", "trustedProxies", list("proxy")), "trustedProxies must hold networks"},
	})
	for i, c := range []struct{ name, section, refusal string }{
		{"public", "staff", "spec.console.gateway must be another than spec.ingress.gateway"}, {"staff", "", ""},
	} {
		object := sample(t, "halotenantclass.yaml", fmt.Sprintf("gateways-%d", i))
		set(t, object, "spec.ingress", map[string]any{"gateway": gateway, "sourceCIDRs": list("10.20.0.0/16")})
		own := map[string]any{"namespace": "edge", "name": c.name}
		if c.section != "" {
			own["sectionName"] = c.section
		}
		set(t, object, "spec.console", console("gateway", own))
		err := apiServer.Create(context.Background(), object)
		if (err == nil) != (c.refusal == "") || (err != nil && !strings.Contains(err.Error(), c.refusal)) {
			t.Errorf("Gateway %s: got %v, want %q", c.name, err, c.refusal)
		}
	}
}

func TestNamesThatOthersAreMadeFrom(t *testing.T) {
	for _, c := range []struct {
		file, name string
		accepted   bool
	}{
		{"halotenant.yaml", strings.Repeat("a", 40), true}, {"halotenant.yaml", strings.Repeat("a", 41), false},
		{"halotenant.yaml", "two--hyphens", false}, {"halotenant.yaml", "1st", false}, {"halotenant.yaml", "a.b", false},
		{"halotenant.yaml", "backups", false}, {"halotenant.yaml", "operator", false}, {"halotenant.yaml", "backups-inc", true},
		{"halobackup.yaml", strings.Repeat("b", 58), true}, {"halobackup.yaml", strings.Repeat("b", 59), false},
		{"halobackup.yaml", "acme-final-0a1b2c3d", false}, {"halobackup.yaml", "acme-finally", true}, {"halobackup.yaml", "a--b", false},
	} {
		err := apiServer.Create(context.Background(), sample(t, c.file, c.name))
		if (err == nil) != c.accepted {
			t.Errorf("%s %q: %v", c.file, c.name, err)
		}
		if err != nil && !strings.Contains(err.Error(), "metadata.name") {
			t.Errorf("%s %q: the message does not name the field: %v", c.file, c.name, err)
		}
	}
}

func TestWhatCannotBeChanged(t *testing.T) {
	for _, c := range []struct {
		name, file, path string
		value            any
		refusal          string
	}{
		{"a tenant's class", "halotenant.yaml", "spec.className", "production", "spec.className cannot be changed"},
		{"a bootstrap added", "halotenant.yaml", "spec.bootstrap", map[string]any{"backupName": "late"}, "spec.bootstrap is used only when"},
		{"a bootstrap changed", "halotenant-all-fields.yaml", "spec.bootstrap.backupName", "other", "cannot be changed"},
		{"a bootstrap removed", "halotenant-all-fields.yaml", "spec.bootstrap", nil, "spec.bootstrap is used only when"},
		{"a class's environment", "halotenantclass.yaml", "spec.environment", "production", "spec.environment cannot be changed"},
		{"a class's region", "halotenantclass.yaml", "spec.region", "eu-west-1", "spec.region cannot be changed"},
		{"what a copy is of", "halobackup.yaml", "spec.tenantName", "other", "cannot be changed"},
		{"a tenant's origins", "halotenant.yaml", "spec.allowedOrigins", list("https://new.example"), ""},
		{"a tenant's hostname", "halotenant.yaml", "spec.hostname", "new.acme.example", ""},
		{"a class's image", "halotenantclass.yaml", "spec.image", "example/halo-server:next", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			object := sample(t, c.file, "fixed-"+strings.ReplaceAll(strings.ReplaceAll(c.name, " ", "-"), "'", ""))
			if err := apiServer.Create(context.Background(), object); err != nil {
				t.Fatal(err)
			}
			set(t, object, c.path, c.value)
			err := apiServer.Update(context.Background(), object)
			if c.refusal == "" && err != nil {
				t.Errorf("refused: %v", err)
			}
			if c.refusal != "" && (err == nil || !strings.Contains(err.Error(), c.refusal)) {
				t.Errorf("got %v, want %q", err, c.refusal)
			}
		})
	}
}

// TestTheSchemaAcceptsWhatTheServerCompares holds the rule of the schema against the parser that operator and server share.
func TestTheSchemaAcceptsWhatTheServerCompares(t *testing.T) {
	for i, origin := range []string{
		"https://www.acme.example", "https://www.acme.example:8443", "https://a.b.c.example", "https://xn--bcher-kva.example",
		"http://localhost", "http://localhost:3000", "http://app.localhost:3000", "http://127.0.0.1:8080", "http://[::1]:3000", "https://[2001:db8::1]",
	} {
		if _, err := origins.Parse(origin); err != nil {
			t.Errorf("the parser: %v", err)
		}
		object := sample(t, "halotenant.yaml", fmt.Sprintf("compared-%d", i))
		set(t, object, "spec.allowedOrigins", list(origin))
		if err := apiServer.Create(context.Background(), object); err != nil {
			t.Errorf("the schema: %v", err)
		}
	}
}
