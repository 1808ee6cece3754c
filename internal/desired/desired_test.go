package desired_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	psaapi "k8s.io/pod-security-admission/api"
	psapolicy "k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/desired"
	"halo.dev/halo/internal/naming"
)

var update = flag.Bool("update", false, "write the golden files")

// input is the sample tenant of the sample class, with the schema's defaults, whose database has an address.
func input(t *testing.T) desired.Input {
	t.Helper()
	class, tenant := &halo.HaloTenantClass{}, &halo.HaloTenant{}
	for file, object := range map[string]any{"halotenantclass.yaml": class, "halotenant.yaml": tenant} {
		text, err := os.ReadFile(filepath.Join("..", "..", "config", "samples", file))
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.UnmarshalStrict(text, object); err != nil {
			t.Fatal(err)
		}
	}
	class.Spec.Database.CABundle = "the database's CA\n"
	tenant.UID = "0a1b2c3d-0000-4000-8000-000000000001"
	tenant.Spec.DeletionPolicy = halo.DeletionSnapshot
	return desired.Input{Tenant: tenant, Class: class, MasterNumber: 1, MigrationAttempt: 1, DatabaseHost: "halo-acme.cluster-x.us-east-1.rds.amazonaws.com", ManagerNamespace: "halo-operator"}
}

// everything is the input of a class that uses most of what a class can: a Gateway, cert-manager, an autoscaler with a
// metric of its own, and a staff console behind an internal Ingress controller.
func everything(t *testing.T) desired.Input {
	t.Helper()
	in := input(t)
	spec := &in.Class.Spec
	proxy := &halo.PodPeer{Namespace: "edge", PodLabels: map[string]string{"app.kubernetes.io/name": "proxy"}}
	spec.Ingress.Entrance = halo.Entrance{
		Gateway:            &halo.GatewayReference{Namespace: "edge", Name: "public", SectionName: "https"},
		Annotations:        map[string]string{"external-dns.alpha.kubernetes.io/hostname": "{hostname}", "example.com/owner": "{tenant} in {namespace}"},
		ServiceAnnotations: map[string]string{"example.com/health-check-path": "/healthz"},
		Controller:         proxy, SourceCIDRs: []string{"10.20.0.0/16"},
	}
	spec.Certificate = halo.ClassCertificate{IssuerRef: &halo.IssuerReference{Name: "platform", Kind: "ClusterIssuer", Group: "cert-manager.io"}, CABundle: "the issuer's CA\n"}
	spec.Server.Autoscaling = &halo.Autoscaling{MaxReplicas: 6, CPUPercent: 70, Metric: &halo.PodMetric{Name: "halo_requests_in_flight", AverageValue: resource.MustParse("20")}}
	spec.Telemetry = &halo.ClassTelemetry{Endpoint: "https://collector.monitoring.svc:4318", Collector: &halo.PodPeer{Namespace: "monitoring", PodLabels: map[string]string{"app": "collector"}}}
	spec.Network.MailRelayCIDRs = []string{"0.0.0.0/0", "::/0"}
	spec.Console = &halo.ClassConsole{
		Domain: "console.firm.example", TrustedProxies: []string{"10.30.0.0/16"},
		Entrance: halo.Entrance{
			ClassName: "internal", Annotations: map[string]string{"external-dns.alpha.kubernetes.io/hostname": "{hostname}"},
			Controller:  &halo.PodPeer{Namespace: "intranet", PodLabels: map[string]string{"app": "internal-proxy"}},
			ClientCIDRs: []string{"10.0.0.0/8"}, ClientCIDRAnnotation: "example.com/allowed-networks",
		},
	}
	in.Tenant.Spec.Console = &halo.TenantConsole{Enabled: true}
	in.Tenant.Spec.Brand = &halo.Brand{Name: "Acme"}
	in.Scaled = true
	return in
}

// traefik is the input of a class whose entrance is Traefik, with certificates of the operator's own CA, and whose
// console is behind a Gateway.
func traefik(t *testing.T) desired.Input {
	t.Helper()
	in := input(t)
	in.AuthorityPEM = "the operator's CA\n"
	in.Class.Spec.Ingress.Entrance = halo.Entrance{
		ClassName: "traefik", ServersTransport: "traefik", Controller: &halo.PodPeer{Namespace: "edge", PodLabels: map[string]string{"app": "traefik"}},
		ClientCIDRs: []string{"10.0.0.0/8", "192.168.0.0/16"}, ClientCIDRAnnotation: "example.com/allowed-networks",
		Annotations: map[string]string{"traefik.ingress.kubernetes.io/router.entrypoints": "websecure"},
	}
	in.Class.Spec.Console = &halo.ClassConsole{Domain: "console.firm.example", Entrance: halo.Entrance{
		Gateway: &halo.GatewayReference{Namespace: "intranet", Name: "staff"}, SourceCIDRs: []string{"10.30.0.0/16"},
	}}
	in.Tenant.Spec.Console = &halo.TenantConsole{Enabled: true}
	return in
}

// fileOf names the golden file of an object after its kind, and after its name where a kind has several.
func fileOf(object client.Object) string {
	kind := strings.ToLower(object.GetObjectKind().GroupVersionKind().Kind)
	switch name := object.GetName(); {
	case kind == "networkpolicy", name == naming.ServerCA, name == naming.Console:
		return kind + "-" + name
	case kind == "dbinstance":
		return kind + name[strings.LastIndex(name, "-"):]
	}
	return kind
}

func objects(t *testing.T, in desired.Input) map[string]client.Object {
	t.Helper()
	config, err := desired.ServerConfig(in)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]client.Object{
		"namespace": desired.Namespace(in), "configmap": config,
		"dbsubnetgroup": desired.SubnetGroup(in), "dbclusterparametergroup": desired.ParameterGroup(in),
		"dbcluster": desired.Cluster(in), "dbcluster-at-creation": desired.ClusterAtCreation(in), "job": desired.Migration(in),
		"secret": desired.Secret(in, "database-master-1", corev1.SecretTypeOpaque, map[string][]byte{"password": []byte("example")}),
	}
	for i, instance := range desired.Instances(in) {
		found[fmt.Sprintf("dbinstance-%d", i+1)] = instance
	}
	for _, item := range append(desired.Objects(in), desired.Serving(in)...) {
		if item.Absent {
			continue
		}
		name := fileOf(item.Object)
		if found[name] != nil {
			t.Fatalf("two objects for the golden file %s", name)
		}
		if item.Reason == "" {
			t.Errorf("%s has no reason", name)
		}
		found[name] = item.Object
	}
	return found
}

func snapshots() map[string]client.Object {
	backup := &halo.HaloBackup{ObjectMeta: metav1.ObjectMeta{Name: "acme-20260102-0317"}, Spec: halo.HaloBackupSpec{TenantName: "acme", Source: halo.SourceSchedule}}
	final := &halo.HaloBackup{ObjectMeta: metav1.ObjectMeta{Name: "acme-final-0a1b2c3d"}, Spec: halo.HaloBackupSpec{TenantName: "acme", Source: halo.SourceFinal}}
	class := &halo.HaloTenantClass{Spec: halo.HaloTenantClassSpec{Region: "us-east-1", Environment: halo.EnvironmentProduction}}
	return map[string]client.Object{"dbclustersnapshot": desired.Snapshot(backup, class, "halo-acme"), "dbclustersnapshot-final": desired.Snapshot(final, class, "halo-acme")}
}

func TestBuildersWriteWhatTheGoldenFilesSay(t *testing.T) {
	plain, rich, proxied := objects(t, input(t)), objects(t, everything(t)), objects(t, traefik(t))
	for _, others := range []map[string]client.Object{rich, proxied} { // not the same file twice
		maps.DeleteFunc(others, func(name string, object client.Object) bool { return cmp.Equal(plain[name], object) })
	}
	for folder, wanted := range map[string]map[string]client.Object{
		"testdata": plain, "testdata/everything": rich, "testdata/traefik": proxied, "testdata/snapshots": snapshots(),
	} {
		for name, object := range wanted {
			t.Run(folder+"/"+name, func(t *testing.T) { compare(t, filepath.Join(folder, name+".yaml"), object) })
		}
		files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if name := strings.TrimSuffix(filepath.Base(file), ".yaml"); wanted[name] == nil {
				t.Errorf("nothing is built for %s", file)
			}
		}
	}
}

func compare(t *testing.T, file string, object client.Object) {
	t.Helper()
	got, err := yaml.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(file, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Error(diff)
	}
}

func TestEveryPodMeetsTheRestrictedStandard(t *testing.T) {
	evaluator, err := psapolicy.NewEvaluator(psapolicy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	in := everything(t)
	templates := map[string]corev1.PodTemplateSpec{
		"server": desired.Deployment(in).Spec.Template, "migrate": desired.Migration(in).Spec.Template,
	}
	level := psaapi.LevelVersion{Level: psaapi.LevelRestricted, Version: psaapi.LatestVersion()}
	for name, template := range templates {
		for _, result := range evaluator.EvaluatePod(level, &template.ObjectMeta, &template.Spec) {
			if !result.Allowed {
				t.Errorf("%s: %s: %s", name, result.ForbiddenReason, result.ForbiddenDetail)
			}
		}
		if *template.Spec.AutomountServiceAccountToken || !*template.Spec.Containers[0].SecurityContext.ReadOnlyRootFilesystem {
			t.Errorf("%s has a token or can write to its image", name)
		}
	}
}

func TestWhatPodsReloadIsNotInTheTemplate(t *testing.T) {
	in := input(t)
	before, beforeConfig := templateText(t, in), configText(t, in)
	in.Tenant.Spec.AllowedOrigins = append(in.Tenant.Spec.AllowedOrigins, "https://other.example")
	in.Tenant.Spec.Advisors[0].Email = "desk@acme.example"
	in.Tenant.Spec.Brand = &halo.Brand{Name: "New Name", Color: "#123456"}
	in.Class.Spec.Limits.RequestsPerMinute = 7
	perClient := int32(3)
	in.Tenant.Spec.Limits = &halo.TenantLimits{RequestsPerMinutePerClient: &perClient}
	if after := templateText(t, in); after != before {
		t.Error(cmp.Diff(before, after))
	}
	if after := configText(t, in); after == beforeConfig {
		t.Error("the configuration did not change either")
	}
}

func templateText(t *testing.T, in desired.Input) string {
	t.Helper()
	text, err := yaml.Marshal(desired.Deployment(in).Spec.Template)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func configText(t *testing.T, in desired.Input) string {
	t.Helper()
	config, err := desired.ServerConfig(in)
	if err != nil {
		t.Fatal(err)
	}
	return config.Data[desired.KeyConfig] + desired.ConfigHash(config)
}

func TestNothingIsBuiltBeforeTheDatabaseHasAnAddress(t *testing.T) {
	in := input(t)
	in.DatabaseHost = ""
	if desired.Deployment(in) != nil || desired.Migration(in) != nil {
		t.Error("a pod would start without a database")
	}
}

func TestOnlyTheMigrationSeesTheMasterPassword(t *testing.T) {
	in := input(t)
	if text := templateText(t, in); strings.Contains(text, "database-master") || strings.Contains(text, "halo_master") {
		t.Error("the server's pods get the master password")
	}
	for _, volume := range desired.Migration(in).Spec.Template.Spec.Volumes {
		if volume.Secret != nil && volume.Secret.SecretName == "database-master-1" {
			return
		}
	}
	t.Error("the migration has no master password")
}

func TestAnInstanceNamesOnlyWhatACKAllows(t *testing.T) {
	for _, instance := range desired.Instances(input(t)) {
		text, err := yaml.Marshal(instance.Spec)
		if err != nil {
			t.Fatal(err)
		}
		for _, field := range []string{"engineVersion", "master", "storage", "backup", "kms", "deletionProtection"} {
			if strings.Contains(string(text), field) {
				t.Errorf("%s has %s, which is Terminal for an instance of a cluster", instance.Name, field)
			}
		}
	}
}

func TestTheDeletionPolicyIsWrittenFromTheFirstDay(t *testing.T) {
	const skip, final, retain = "rds.services.k8s.aws/skip-final-snapshot", "rds.services.k8s.aws/final-db-snapshot-identifier", "services.k8s.aws/deletion-policy"
	cases := map[halo.DeletionPolicy]map[string]string{
		halo.DeletionSnapshot: {skip: "false", final: "halo-acme-final-0a1b2c3d", retain: ""},
		halo.DeletionRetain:   {skip: "false", final: "halo-acme-final-0a1b2c3d", retain: "retain"},
		halo.DeletionDelete:   {skip: "true", final: "", retain: ""},
	}
	for policy, wanted := range cases {
		in := input(t)
		in.Tenant.Spec.DeletionPolicy = policy
		cluster := desired.Cluster(in)
		for key, value := range wanted {
			if cluster.Annotations[key] != value {
				t.Errorf("%s: %s is %q, want %q", policy, key, cluster.Annotations[key], value)
			}
		}
		if cluster.Annotations["rds.services.k8s.aws/delete-automated-backups"] != "false" || !*cluster.Spec.DeletionProtection {
			t.Errorf("%s: point-in-time backups or deletion protection are missing", policy)
		}
	}
}

func TestATenantsOverridesWin(t *testing.T) {
	in := input(t)
	replicas, days, window := int32(5), int32(90), int32(7)
	in.Tenant.Spec.Server = &halo.TenantServer{Replicas: &replicas}
	in.Tenant.Spec.Backup = &halo.TenantBackup{Schedule: "0 1 * * *", RetentionDays: &days}
	in.Tenant.Spec.Database = &halo.TenantDatabase{PointInTimeDays: &window}
	in.Tenant.Spec.Brand = &halo.Brand{Name: "Acme", Color: "#ffffff", Logo: "data:image/png;base64,AA=="}
	in.Tenant.Spec.Limits = &halo.TenantLimits{RequestsPerMinutePerClient: &window}
	got := desired.Resolve(in.Tenant, in.Class)
	want := desired.Settings{Replicas: 5, Schedule: "0 1 * * *", TimeZone: "Etc/UTC", RetentionDays: 90, PointInTimeDays: 7, BrandName: "Acme",
		BrandColor: "#ffffff", BrandLogo: "data:image/png;base64,AA==", MailTLS: halo.MailTLSRequired, DeletionPolicy: halo.DeletionSnapshot,
		Limits: halo.ClassLimits{RequestsPerMinutePerClient: 7, RequestsPerMinute: 1200, BodyBytes: 65536}}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestAnotherImageDatabaseOrSetOfUsersIsAnotherMigration(t *testing.T) {
	targets := map[string]string{"as it is": desired.MigrationTarget(input(t))}
	image, host, users, master := input(t), input(t), input(t), input(t)
	image.Class.Spec.Image += "-next"
	host.DatabaseHost = "other.example"
	users.UsersNumber = 2
	for name, in := range map[string]desired.Input{"image": image, "host": host, "users": users} {
		target := desired.MigrationTarget(in)
		for other, present := range targets {
			if target == present {
				t.Errorf("%s and %s have one target", name, other)
			}
		}
		targets[name] = target
	}
	if master.MasterNumber++; desired.MigrationTarget(master) != targets["as it is"] {
		t.Error("another master password makes a migration of its own: it is the means and not the end")
	}
}

func TestATenantWithoutAConsoleIsAsItWasBeforeItsClassHadOne(t *testing.T) {
	for name, turn := range map[string]func(*desired.Input){
		"the class has an entrance, the tenant does not want it": func(in *desired.Input) { in.Tenant.Spec.Console = &halo.TenantConsole{} },
		"the tenant wants it, the class has no entrance":         func(in *desired.Input) { in.Class.Spec.Console = nil },
	} {
		in, without := everything(t), everything(t)
		turn(&in)
		without.Class.Spec.Console, without.Tenant.Spec.Console = nil, nil
		if diff := cmp.Diff(objects(t, without), objects(t, in)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		gone := map[desired.Named]bool{}
		for _, item := range desired.Objects(in) {
			gone[desired.NameOf(item.Object)] = item.Absent
		}
		for _, kind := range []string{"Service", "Ingress", "HTTPRoute", "BackendTLSPolicy", "ServersTransport"} {
			if !gone[desired.Named{Kind: kind, Name: naming.Console}] {
				t.Errorf("%s: a %s of a console that is turned off stays", name, kind)
			}
		}
	}
}

// TestEachPortIsOpenToItsOwnEntranceOnly holds the network to what keeps visitors from the console and staff's entrance
// from the widget.
func TestEachPortIsOpenToItsOwnEntranceOnly(t *testing.T) {
	in := everything(t)
	in.Class.Spec.Monitoring, in.ManagerNamespace = nil, ""
	rules := desired.ServerPolicy(in).Spec.Ingress
	if len(rules) != 2 {
		t.Fatalf("%d rules", len(rules))
	}
	for i, want := range []struct {
		port      int32
		namespace string
	}{{8443, "edge"}, {8444, "intranet"}} {
		if len(rules[i].Ports) != 1 || rules[i].Ports[0].Port.IntVal != want.port {
			t.Errorf("rule %d opens %v, want %d", i, rules[i].Ports, want.port)
		}
		for _, peer := range rules[i].From {
			if peer.NamespaceSelector != nil && peer.NamespaceSelector.MatchLabels[corev1.LabelMetadataName] != want.namespace {
				t.Errorf("port %d is open to %v", want.port, peer)
			}
		}
	}
}
