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

// story is what the chapters share.
type story struct {
	*testing.T
	platform *platform.Platform
	browser  *visitorBrowser
	// roots holds the operator's CA; by it alone tenants' hosts are trusted.
	roots *x509.CertPool
}

// TestFromManifestToReport tells the whole story in order, because each chapter
// lives from what the ones before have made. The first that fails ends it.
func TestFromManifestToReport(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), storyTime)
	defer cancel()
	p := bringUp(t, ctx)
	s := &story{T: t, platform: p}
	chapters := []struct {
		name string
		tell func(context.Context, *testing.T, *story)
	}{
		{"bad manifests are refused with a sentence that names the field", refusesBadManifests},
		{"a tenant becomes Ready", becomesReady},
		{"a visitor answers by clicks and sees the result", visitorAnswers},
		{"the advisor has the report in the mailbox, and both schemas their rows", reportArrives},
		{"a serious illness is met with a kind page and stores no number", illnessIsKind},
		{"a page of another origin is refused", otherOriginIsRefused},
		{"an origin that is added works within ten seconds on the same pods", originIsAddedInPlace},
		{"the server sees the visitor's address, not the entrance's", visitorIsCountedAlone},
		{"staff reach their console by its own entrance, and nobody by another", staffReachTheConsole},
		{"a neighbour reaches neither server nor database", neighbourIsShutOut},
		{"a plain-text connection to the database is refused", plainTextIsRefused},
		{"reports wait while the mail host is away, and arrive when it is back", mailHostAway},
		{"a snapshot of the schedule becomes a second tenant with the same assessment", snapshotIsRestored},
		{"a deleted tenant leaves nothing but its snapshots", deletionLeavesOnlySnapshots},
	}
	for _, chapter := range chapters {
		begun := time.Now()
		if !t.Run(chapter.name, func(t *testing.T) { chapter.tell(ctx, t, s) }) {
			t.Fatalf("the story ends here, after %s", time.Since(begun).Round(time.Millisecond))
		}
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
		{"get", "dbclusters,dbinstances,dbclustersnapshots,dbclusterparametergroups,dbsubnetgroups", "-A", "-o", "wide"},
	} {
		output, err := p.Cluster.Kubectl(ctx, "", look...)
		t.Logf("kubectl %v (%v):\n%s", look, err, output)
	}
}
