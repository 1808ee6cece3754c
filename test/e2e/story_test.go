//go:build e2e

package e2e

import (
	"context"
	"crypto/x509"
	"os"
	"testing"
	"time"

	"halo.dev/halo/test/platform"
)

// storyTime bounds the whole story, so that a hang is a failure with a reason.
const storyTime = 15 * time.Minute

// story is what the chapters of one tale share.
type story struct {
	platform *platform.Platform
	browser  *visitorBrowser
	// roots holds the operator's CA; by it alone tenants' hosts are trusted.
	roots *x509.CertPool
}

// chapter is a part of a tale. It lives from what the ones before have made.
type chapter struct {
	name string
	tell func(context.Context, *testing.T, *story)
}

// TestFromManifestToReport tells what happens to a few firms on one cluster:
// tales of different tenants at the same time, the chapters of each in order.
func TestFromManifestToReport(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), storyTime)
	defer cancel()
	p := bringUp(t, ctx)
	ca, err := p.OperatorCA(ctx)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(ca)
	told := t.Run("firms", func(t *testing.T) {
		for name, chapters := range map[string][]chapter{"acme": acmeChapters(), "orchard": orchardChapters(), "traefik": traefikChapters()} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				tell(ctx, t, &story{platform: p, roots: roots}, chapters)
			})
		}
	})
	if told {
		tell(ctx, t, &story{platform: p, roots: roots}, []chapter{
			{"deleted tenants leave nothing but their snapshots", deletionLeavesOnlySnapshots},
		})
	}
}

// tell ends a tale with the first chapter that fails.
func tell(ctx context.Context, t *testing.T, s *story, chapters []chapter) {
	t.Helper()
	t.Cleanup(func() {
		if s.browser != nil {
			s.browser.stop()
		}
	})
	for _, one := range chapters {
		begun := time.Now()
		if !t.Run(one.name, func(t *testing.T) { one.tell(ctx, t, s) }) {
			t.Fatalf("the story ends here, after %s", time.Since(begun).Round(time.Millisecond))
		}
	}
}

func acmeChapters() []chapter {
	return []chapter{
		{"bad manifests are refused with a sentence that names the field", refusesBadManifests},
		{"a tenant becomes Ready", becomesReady},
		{"a visitor answers by clicks and sees the result", visitorAnswers},
		{"the advisor has the report in the mailbox, and both schemas their rows", reportArrives},
		{"a serious illness is met with a kind page and stores no number", illnessIsKind},
		{"a page of another origin is refused", otherOriginIsRefused},
		{"an origin that is added works within ten seconds on the same pods", originIsAddedInPlace},
		{"the server sees the visitor's address, not the entrance's", visitorIsCountedAlone},
		{"staff reach their console by its own entrance, and nobody by another", staffReachTheConsole},
		{"packets pass where a policy lets them and nowhere else", packetsAreHeldUp},
		{"a plain-text connection to the database is refused", plainTextIsRefused},
		{"reports wait while the mail host is away, and arrive when it is back", mailHostAway},
		{"a snapshot of the schedule becomes a second tenant with the same assessment", snapshotIsRestored},
	}
}

// bringUp starts the platform and takes it down again at the end, however the
// story ends. HALO_KEEP=1 leaves it for a look.
func bringUp(t *testing.T, ctx context.Context) *platform.Platform {
	t.Helper()
	p, err := platform.New("test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			explain(t, p)
		}
		if os.Getenv("HALO_KEEP") == "1" {
			return
		}
		patience, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		defer cancel()
		if err := p.Down(patience); err != nil {
			t.Error(err)
		}
	})
	if os.Getenv("HALO_KEEP") != "1" { // what a killed run left is not ours to test
		if err := p.Down(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Up(ctx, t.Output()); err != nil {
		t.Fatal(err)
	}
	return p
}

// explain prints what a person would look at first.
func explain(t *testing.T, p *platform.Platform) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for _, look := range [][]string{
		{"get", "halotenants,halobackups,halotenantclasses"},
		{"describe", "halotenants"},
		{"get", "pods", "-A", "-o", "wide"},
		{"get", "events", "-A", "--sort-by=.lastTimestamp"},
		{"-n", "halo-operator", "logs", "-l", "app.kubernetes.io/name=halo-operator", "--tail=60"},
		{"-n", "halo-acme", "logs", "-l", "app.kubernetes.io/name=halo-server", "--tail=40"},
		{"-n", "halo-orchard", "logs", "-l", "app.kubernetes.io/name=halo-server", "--tail=40"},
		{"-n", "traefik", "logs", "-l", "app.kubernetes.io/name=traefik", "--tail=40"},
		{"get", "dbclusters,dbinstances,dbclustersnapshots,dbclusterparametergroups,dbsubnetgroups", "-A", "-o", "wide"},
	} {
		output, err := p.Cluster.Kubectl(ctx, "", look...)
		t.Logf("kubectl %v (%v):\n%s", look, err, output)
	}
}
