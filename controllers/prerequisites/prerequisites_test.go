package prerequisites_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/yaml"

	rds "halo.dev/halo/api/rds/v1alpha1"
	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/controllers"
	"halo.dev/halo/internal/certificate"
	"halo.dev/halo/internal/naming"
	"halo.dev/halo/test/apiserver"
	"halo.dev/halo/test/authority"
)

// bare is a cluster without ACK, with the manager on it.
type bare struct {
	*testing.T
	config *rest.Config
	client client.Client
	// secrets is the manager's folder of platform secrets, empty at first.
	secrets string
}

func startBare(t *testing.T) bare {
	t.Helper()
	ctrl.SetLogger(logr.Discard())
	config, stop, err := apiserver.StartWithoutACK()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	scheme, err := controllers.NewScheme()
	if err != nil {
		t.Fatal(err)
	}
	b := bare{T: t, config: config, secrets: t.TempDir()}
	if b.client, err = client.New(config, client.Options{Scheme: scheme}); err != nil {
		t.Fatal(err)
	}
	b.create(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: naming.BackupsNamespace}})
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Scheme: scheme, Cache: controllers.CacheOptions(), Client: controllers.ClientOptions(), Metrics: metricsserver.Options{BindAddress: "0"},
	})
	if err != nil {
		t.Fatal(err)
	}
	made, err := authority.New("test CA")
	if err != nil {
		t.Fatal(err)
	}
	ca, err := certificate.ParseAuthority(made.Pair().Certificate, made.Pair().Key)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	options := controllers.Options{Authority: ca, PlatformSecrets: b.secrets, Concurrency: 1, Look: 100 * time.Millisecond, Now: time.Now}
	if err := controllers.Setup(ctx, manager, options); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- manager.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return b
}

func (b bare) create(object client.Object) {
	b.Helper()
	if err := b.client.Create(b.Context(), object); err != nil {
		b.Fatal(err)
	}
}

// sample creates an object of config/samples.
func (b bare) sample(file string, object client.Object) {
	b.Helper()
	text, err := os.ReadFile(apiserver.Path("config/samples/" + file))
	if err != nil {
		b.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(text, object); err != nil {
		b.Fatal(err)
	}
	b.create(object)
}

func (b bare) secret(name, text string) {
	b.Helper()
	if err := os.WriteFile(filepath.Join(b.secrets, name), []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
}

// eventually waits until a check has nothing more to say.
func (b bare) eventually(what string, check func() string) {
	b.Helper()
	said := ""
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if said = check(); said == "" {
			return
		}
	}
	b.Fatalf("%s: %s", what, said)
}

// says waits for what the class says of its prerequisites: all the words, and none of the others.
func (b bare) says(status metav1.ConditionStatus, words, others []string) {
	b.Helper()
	class := &halo.HaloTenantClass{}
	b.eventually("the class", func() string {
		if err := b.client.Get(b.Context(), client.ObjectKey{Name: "development"}, class); err != nil {
			return err.Error()
		}
		found := meta.FindStatusCondition(class.Status.Conditions, halo.ConditionPrerequisitesReady)
		ready := meta.FindStatusCondition(class.Status.Conditions, halo.ConditionReady)
		if found == nil || found.Status != status || ready.Status != status {
			return "PrerequisitesReady and Ready are not " + string(status)
		}
		for _, word := range words {
			if !strings.Contains(found.Message, word) {
				return "it does not say " + word + ": " + found.Message
			}
		}
		for _, word := range others {
			if strings.Contains(found.Message, word) {
				return "it still says " + word
			}
		}
		return ""
	})
}

// TestAManagerOnAClusterWithoutACKSaysSoAndBeginsWhenItIsThere follows one process from a cluster with nothing to the
// first database.
func TestAManagerOnAClusterWithoutACKSaysSoAndBeginsWhenItIsThere(t *testing.T) {
	b := startBare(t)
	b.sample("halotenantclass.yaml", &halo.HaloTenantClass{})
	tenant := &halo.HaloTenant{}
	b.sample("halotenant.yaml", tenant)
	const (
		ack   = "the cluster has no DBCluster of rds.services.k8s.aws/v1alpha1: install ACK's controller for RDS"
		root  = "the manager's platform secrets have no sealing-root, from which the keys of personal data follow: add it to their Secret"
		relay = "the manager's platform secrets have no mail-relay.password, which spec.mail.credentials names"
	)
	b.says(metav1.ConditionFalse, []string{ack, root, relay}, nil)

	b.secret("sealing-root", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n")
	b.secret("mail-relay.username", "relay-user")
	b.says(metav1.ConditionFalse, []string{ack, relay}, []string{"sealing-root", "mail-relay.username"})
	b.secret("mail-relay.password", "relay-password")
	b.says(metav1.ConditionFalse, []string{ack}, []string{"platform secrets"})

	if err := b.client.Get(t.Context(), client.ObjectKeyFromObject(tenant), tenant); err != nil {
		t.Fatal(err)
	}
	if ready := meta.FindStatusCondition(tenant.Status.Conditions, halo.ConditionReady); tenant.Status.ObservedGeneration != -1 || ready == nil || ready.Status != metav1.ConditionUnknown {
		t.Errorf("the tenant says %+v though nobody can have looked at it", tenant.Status)
	}
	if err := apiserver.InstallACK(b.config); err != nil {
		t.Fatal(err)
	}
	b.says(metav1.ConditionTrue, nil, nil)
	b.eventually("the tenant's database", func() string {
		err := b.client.Get(t.Context(), client.ObjectKey{Namespace: naming.Namespace(tenant.Name), Name: naming.Database(tenant.Name)}, &rds.DBCluster{})
		if err != nil {
			return err.Error()
		}
		return ""
	})
}
