// Package awslocal is a stand-in for ACK's rds-controller and for the part of Amazon RDS behind it: it watches ACK's
// RDS resources of a cluster, behaves as the two of them do, and runs one real MariaDB server per DBCluster, with TLS,
// encryption at rest, snapshots and restores. It is for demonstrations and tests; production has the real ones.
package awslocal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"halo.dev/halo/test/awslocal/ack"
	"halo.dev/halo/test/awslocal/addresses"
	"halo.dev/halo/test/awslocal/cloud"
	"halo.dev/halo/test/awslocal/rds"
)

// Options say how a stand-in behaves. Only Config and StateFolder have no default.
type Options struct {
	// Config is the API server to watch.
	Config *rest.Config
	// StateFolder is where clusters, snapshots, keys and the authority (ca.pem) are kept.
	StateFolder string
	// TemplateFolder caches the pristine database; tests that share one start faster. Default: in the state folder.
	TemplateFolder string
	// Addresses default to loopback ones that follow from the state folder's name, port 3306.
	Addresses addresses.Pool
	// Speed divides how long things take; 1 is a demonstration's few seconds (the default), 10 suits tests.
	Speed float64
	// ManualSnapshots is the quota; default 100, as in a new AWS account.
	ManualSnapshots int
	// Region and AccountID are for ARNs; defaults us-east-1 and 111122223333.
	Region, AccountID string
	// DeletionPolicy is ACK's flag: "delete" (default) or "retain".
	DeletionPolicy ack.Policy
	// Detach leaves the database servers running at the end.
	Detach bool
	// KeepDefinitions says that ACK's custom resource definitions are there already; otherwise missing ones are created.
	KeepDefinitions bool
	// Log gets what happens; never a secret. Default: none.
	Log *slog.Logger
}

// StandIn is a stand-in that was opened.
type StandIn struct {
	cloud   *cloud.Cloud
	control *ack.Controller
}

// Run opens a stand-in and runs it until ctx ends.
func Run(ctx context.Context, options Options) error {
	standIn, err := Open(ctx, options)
	if err != nil {
		return err
	}
	return standIn.Run(ctx)
}

// Open takes the state folder, and creates ACK's definitions where they are missing. Run must follow, if only with a
// context that has ended: it gives the folder back.
func Open(ctx context.Context, options Options) (*StandIn, error) {
	options = withDefaults(options)
	if options.Config == nil || options.StateFolder == "" {
		return nil, errors.New("awslocal: Config and StateFolder are required")
	}
	if !options.KeepDefinitions {
		if err := createDefinitions(ctx, options.Config); err != nil {
			return nil, err
		}
	}
	opened, err := cloud.Open(ctx, cloud.Options{
		StateFolder: options.StateFolder, TemplateFolder: options.TemplateFolder, Addresses: options.Addresses,
		Detach: options.Detach, Log: options.Log, Now: time.Now,
		Settings: rds.Settings{
			Region: options.Region, AccountID: options.AccountID, ManualSnapshots: options.ManualSnapshots,
			Timings: rds.DemonstrationTimings().Faster(options.Speed),
		},
	})
	if err != nil {
		return nil, fmt.Errorf("open the stand-in's state: %w", err)
	}
	control, err := ack.New(options.Config, ack.Options{
		Account: opened, DeletionPolicy: options.DeletionPolicy, Now: time.Now,
		Log:     logr.FromSlogHandler(warnings{options.Log.Handler()}),
		Timings: ack.Timings{Unsynced: 250 * time.Millisecond, Retry: time.Second, Synced: 10 * time.Hour},
	})
	if err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	return &StandIn{cloud: opened, control: control}, nil
}

func withDefaults(options Options) Options {
	if options.Addresses == nil {
		options.Addresses = addresses.Loopback(options.StateFolder, 3306)
	}
	if options.Speed == 0 {
		options.Speed = 1
	}
	if options.ManualSnapshots == 0 {
		options.ManualSnapshots = 100
	}
	if options.Region == "" {
		options.Region = "us-east-1"
	}
	if options.AccountID == "" {
		options.AccountID = "111122223333"
	}
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	return options
}

// Run plays until ctx ends, then stops the database servers in order.
func (s *StandIn) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	controlled := make(chan error, 1)
	go func() {
		defer cancel() // without its controllers the stand-in is nothing
		controlled <- s.control.Run(ctx)
	}()
	failure := s.cloud.Run(ctx)
	cancel()
	return errors.Join(failure, <-controlled)
}

// CertificatePEM is the authority that signs every endpoint's certificate: what belongs into a class's CA bundle.
func (s *StandIn) CertificatePEM() []byte { return s.cloud.CertificatePEM() }

// InjectFault plays a fault on an object of a kind ("DBCluster") from now on; the zero Fault ends it. It is the same as
// the annotation ack.AnnotationFault, without touching the object.
func (s *StandIn) InjectFault(kind string, name types.NamespacedName, fault ack.Fault) error {
	return s.control.InjectFault(kind, name, fault)
}

// warnings lets through what is at least a warning: the controllers' library tells of every start and stop of a part.
type warnings struct{ slog.Handler }

// Enabled is as the handler's own, from warnings on.
func (w warnings) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && w.Handler.Enabled(ctx, level)
}

// WithAttrs keeps the limit.
func (w warnings) WithAttrs(attributes []slog.Attr) slog.Handler {
	return warnings{w.Handler.WithAttrs(attributes)}
}

// WithGroup keeps the limit.
func (w warnings) WithGroup(name string) slog.Handler { return warnings{w.Handler.WithGroup(name)} }
