package main

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/controllers"
	"halo.dev/halo/controllers/rehearsal"
	"halo.dev/halo/test/apiserver"
)

var update = flag.Bool("update", false, "write golden files; read them before they are committed")

var now = time.Date(2026, 1, 2, 13, 4, 5, 0, time.UTC)

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
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
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

func sampleText(t *testing.T, names ...string) string {
	t.Helper()
	var all []string
	for _, name := range names {
		text, err := os.ReadFile(apiserver.Path("config/samples/" + name + ".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(text))
	}
	return strings.Join(all, "\n---\n")
}

// sampleObjects are the sample tenant and its class as an API server would have them.
func sampleObjects(t *testing.T) []client.Object {
	t.Helper()
	manifests, _, err := parseManifests([]byte(sampleText(t, "halotenantclass", "halotenant")))
	if err != nil {
		t.Fatal(err)
	}
	objects, _, err := offline(manifests, now)
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

func rehearse(t *testing.T, objects []client.Object, name string) rehearsal.Result {
	t.Helper()
	scheme, err := controllers.NewScheme()
	if err != nil {
		t.Fatal(err)
	}
	result, err := rehearsal.Run(context.Background(), scheme, objects, name, now)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func plain(t *testing.T, object client.Object) *unstructured.Unstructured {
	t.Helper()
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		t.Fatal(err)
	}
	result := &unstructured.Unstructured{Object: content}
	result.SetGroupVersionKind(halo.GroupVersion.WithKind(kindOf(object)))
	return result
}

func told(t *testing.T, subjects []subject, wantExit int) []byte {
	t.Helper()
	out := &bytes.Buffer{}
	if exit := tell(subjects, streams{out: out}); exit != wantExit {
		t.Errorf("exit status %d, want %d", exit, wantExit)
	}
	return out.Bytes()
}

// running is the sample tenant, Ready, with all that it has.
type running struct {
	class  *halo.HaloTenantClass
	tenant *halo.HaloTenant
	inside []client.Object
}

func start(t *testing.T) running {
	t.Helper()
	objects := sampleObjects(t)
	result := rehearse(t, objects, "acme")
	class, ok := objects[0].(*halo.HaloTenantClass)
	if !ok || result.Tenant == nil {
		t.Fatalf("%T, %v", objects[0], result.Tenant)
	}
	return running{class: class, tenant: result.Tenant, inside: result.Objects}
}

// after tells the plan for an edit of the tenant and its class.
func (r running) after(t *testing.T, edit func(*halo.HaloTenant, *halo.HaloTenantClass), others ...client.Object) []subject {
	t.Helper()
	tenant, class := r.tenant.DeepCopy(), r.class.DeepCopy()
	edit(tenant, class)
	own := ownChange(plain(t, r.tenant), plain(t, tenant))
	if own != nil {
		tenant.Generation++
	}
	result := rehearse(t, append(append([]client.Object{tenant, class}, r.inside...), others...), tenant.Name)
	subjects := []subject{{kind: "HaloTenant", name: tenant.Name, own: own, rehearsed: &result}}
	if change := ownChange(plain(t, r.class), plain(t, class)); change != nil {
		subjects = append([]subject{{kind: "HaloTenantClass", name: class.Name, own: change}}, subjects...)
	}
	return subjects
}

func TestThePlanOfANewTenantTellsEveryStep(t *testing.T) {
	objects := sampleObjects(t)
	result := rehearse(t, objects, "acme")
	golden(t, "plan-new.txt", told(t, []subject{{kind: "HaloTenant", name: "acme", own: ownChange(nil, plain(t, objects[1])), rehearsed: &result}}, exitDiffers))
}

func TestPlansOfChanges(t *testing.T) {
	r := start(t)
	older := r.tenant.DeepCopy()
	older.Name, older.UID, older.CreationTimestamp = "older", "older", metav1.NewTime(now.Add(-time.Hour))
	older.Spec.Hostname, older.Status.Certificate.Hostname = "halo.older.example", "halo.older.example"
	cases := []struct {
		name   string
		edit   func(*halo.HaloTenant, *halo.HaloTenantClass)
		others []client.Object
		exit   int
	}{
		{"nothing", func(*halo.HaloTenant, *halo.HaloTenantClass) {}, nil, exitSame},
		{"origin", func(tenant *halo.HaloTenant, _ *halo.HaloTenantClass) {
			tenant.Spec.AllowedOrigins = append(tenant.Spec.AllowedOrigins, "https://partner.example")
			tenant.Spec.Advisors[0].Email = "secret-desk@acme.example"
		}, nil, exitDiffers},
		{"image", func(_ *halo.HaloTenant, class *halo.HaloTenantClass) {
			class.Spec.Image = "ghcr.io/halo-dev/halo-server:v0.2.0"
		}, nil, exitDiffers},
		{"dangerous", func(tenant *halo.HaloTenant, class *halo.HaloTenantClass) {
			tenant.Spec.DeletionPolicy = halo.DeletionDelete
			days := int32(7)
			tenant.Spec.Database = &halo.TenantDatabase{PointInTimeDays: &days}
			tenant.Spec.Hostname = "halo.new.example"
			class.Spec.Database.InstanceClass, class.Spec.Database.Serverless = "db.r6g.large", nil
		}, nil, exitDiffers},
		{"console", func(tenant *halo.HaloTenant, _ *halo.HaloTenantClass) {
			tenant.Spec.Console = &halo.TenantConsole{Enabled: true}
		}, nil, exitDiffers},
		{"gateway", func(_ *halo.HaloTenant, class *halo.HaloTenantClass) {
			class.Spec.Ingress.ClassName = ""
			class.Spec.Ingress.Gateway = &halo.GatewayReference{Namespace: "edge", Name: "public"}
			class.Spec.Certificate.IssuerRef = &halo.IssuerReference{Name: "platform", Kind: "ClusterIssuer", Group: "cert-manager.io"}
		}, nil, exitDiffers},
		{"suspended", func(tenant *halo.HaloTenant, _ *halo.HaloTenantClass) { tenant.Spec.Suspend = true }, nil, exitDiffers},
		{"stalled", func(tenant *halo.HaloTenant, _ *halo.HaloTenantClass) { tenant.Spec.Hostname = older.Spec.Hostname }, []client.Object{older}, exitDiffers},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := told(t, r.after(t, c.edit, c.others...), c.exit)
			golden(t, "plan-"+c.name+".txt", got)
			if strings.Contains(string(got), "@") {
				t.Error("an e-mail address is printed")
			}
		})
	}
}

// TestAClassChangeIsToldOncePerKindOfTenant: of forty firms that differ in their names a person reads one plan, and of
// the one that differs in more another.
func TestAClassChangeIsToldOncePerKindOfTenant(t *testing.T) {
	var subjects []subject
	for _, name := range []string{"acme", "borealis", "cygnus", "dorado"} {
		objects := sampleObjects(t)
		tenant, ok := objects[1].(*halo.HaloTenant)
		if !ok {
			t.Fatalf("%T", objects[1])
		}
		tenant.Name, tenant.UID, tenant.Spec.Hostname = name, types.UID("uid-"+name), "halo."+name+".example"
		if name == "dorado" {
			days := int32(10)
			tenant.Spec.Database = &halo.TenantDatabase{PointInTimeDays: &days}
		}
		made := rehearse(t, objects, name)
		class, ok := objects[0].DeepCopyObject().(*halo.HaloTenantClass)
		if !ok {
			t.Fatalf("%T", objects[0])
		}
		class.Spec.Image, class.Spec.Database.PointInTimeDays = "ghcr.io/halo-dev/halo-server:v0.2.0", 20
		if subjects == nil {
			subjects = append(subjects, subject{kind: "HaloTenantClass", name: class.Name, own: ownChange(plain(t, objects[0]), plain(t, class))})
		}
		changed := rehearse(t, append([]client.Object{made.Tenant, class}, made.Objects...), name)
		subjects = append(subjects, subject{kind: "HaloTenant", name: name, rehearsed: &changed})
	}
	golden(t, "plan-class.txt", told(t, subjects, exitDiffers))
}

func TestRenderNeedsNoCluster(t *testing.T) {
	for name, tenant := range map[string]string{"render.yaml": "halotenant", "render-all-fields.yaml": "halotenant-all-fields"} {
		out, problems := &bytes.Buffer{}, &bytes.Buffer{}
		std := streams{in: strings.NewReader(sampleText(t, "halotenantclass", tenant)), out: out, err: problems, now: func() time.Time { return now }}
		if exit := run(context.Background(), []string{"render", "-f", "-"}, std); exit != exitSame {
			t.Fatalf("exit status %d: %s", exit, problems)
		}
		golden(t, name, out.Bytes())
	}
}

func TestATenantThatWasReadFromAClusterIsRenderedAsItsManifestIs(t *testing.T) {
	manifest := sampleText(t, "halotenantclass", "halotenant")
	read := strings.Replace(manifest, "kind: HaloTenant\nmetadata:\n", "kind: HaloTenant\nstatus: {database: {resourceID: cluster-OF-A-CLUSTER}}\nmetadata:\n  annotations: {halo.dev/database: cluster-OF-A-CLUSTER}\n", 1)
	if read == manifest {
		t.Fatal("the sample has another form")
	}
	out, problems := &bytes.Buffer{}, &bytes.Buffer{}
	if exit := run(context.Background(), []string{"render", "-f", "-"}, streams{in: strings.NewReader(read), out: out, err: problems, now: func() time.Time { return now }}); exit != exitSame {
		t.Fatalf("exit status %d: %s", exit, problems)
	}
	golden(t, "render.yaml", out.Bytes())
}

func TestBadInputIsToldWithItsFieldAndTheRemedy(t *testing.T) {
	class := sampleText(t, "halotenantclass")
	cases := []struct {
		name, manifest string
		arguments      []string
		want           string
	}{
		{"no command", "", nil, "usage: kubectl halo"},
		{"unknown command", "", []string{"plane"}, `there is no command "plane"`},
		{"no file", "", []string{"render"}, "-f: name a file"},
		{"missing file", "", []string{"render", "-f", "testdata/none"}, "-f: open testdata/none"},
		{"empty file", "# nothing\n", []string{"render", "-f", "-"}, "it holds no HaloTenant"},
		{"not YAML", "a: [", []string{"plan", "-f", "-"}, "document 1:"},
		{"no name", "apiVersion: halo.dev/v1alpha1\nkind: HaloTenant\n", []string{"plan", "-f", "-"}, "document 1: metadata.name: give a text"},
		{"unknown kind", "apiVersion: halo.dev/v1alpha1\nkind: HaloTenancy\nmetadata: {name: a}\n", []string{"render", "-f", "-"}, "kind: there is no HaloTenancy"},
		{"unknown field", class + "\n---\napiVersion: halo.dev/v1alpha1\nkind: HaloTenant\nmetadata: {name: a}\nspec: {host: b}\n",
			[]string{"render", "-f", "-"}, `unknown field "spec.host"`},
		{"class alone", class, []string{"render", "-f", "-"}, "it holds no HaloTenant"},
		{"wrong origin", class + "\n---\n" + strings.Replace(sampleText(t, "halotenant"), "www.acme.example", "www.acme.example/path", 1),
			[]string{"render", "-f", "-"}, "spec.allowedOrigins[0]"},
		{"no tenant", "", []string{"why"}, "give the name of one HaloTenant, not 0"},
		{"class elsewhere", sampleText(t, "halotenant"), []string{"render", "-f", "-", "--kubeconfig", "testdata/none"}, "spec.className of HaloTenant acme"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			problems := &bytes.Buffer{}
			std := streams{in: strings.NewReader(c.manifest), out: &bytes.Buffer{}, err: problems, now: func() time.Time { return now }}
			if exit := run(context.Background(), c.arguments, std); exit != exitTrouble {
				t.Errorf("exit status %d", exit)
			}
			if !strings.Contains(problems.String(), c.want) {
				t.Errorf("says %q, want %q", problems, c.want)
			}
		})
	}
}

func TestColoursAreForTerminals(t *testing.T) {
	objects := sampleObjects(t)
	subjects := []subject{{kind: "HaloTenant", name: "acme", own: ownChange(nil, plain(t, objects[1]))}}
	for _, colour := range []bool{false, true} {
		out := &bytes.Buffer{}
		tell(subjects, streams{out: out, colour: colour})
		if strings.Contains(out.String(), "\x1b[") != colour {
			t.Errorf("colour %t:\n%s", colour, out)
		}
	}
}

func FuzzManifests(f *testing.F) {
	f.Add([]byte("apiVersion: halo.dev/v1alpha1\nkind: HaloTenant\nmetadata: {name: a}\nspec: {className: b}\n"))
	f.Add([]byte("---\n---\n{\"kind\": []}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		manifests, _, err := parseManifests(text)
		if err != nil {
			return
		}
		_, _, _ = offline(manifests, now)
	})
}

func TestTheDocumentShowsWhatIsTold(t *testing.T) {
	document, err := os.ReadFile(filepath.Join("..", "..", "docs", "kubectl-halo.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"plan-new.txt", "plan-dangerous.txt", "plan-class.txt"} {
		told, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		var shown strings.Builder
		for line := range strings.Lines(string(told)) {
			if line != "\n" {
				shown.WriteString("    ")
			}
			shown.WriteString(line)
		}
		if !strings.Contains(string(document), shown.String()) {
			t.Errorf("docs/kubectl-halo.md does not show %s as it is now", name)
		}
	}
}
