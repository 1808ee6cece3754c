// Package cloud is the thin edge around package rds: it keeps the account on disk, and does with real MariaDB servers
// the physical work that the model asks for. One Cloud owns one state folder.
package cloud

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"halo.dev/halo/test/authority"
	"halo.dev/halo/test/awslocal/addresses"
	"halo.dev/halo/test/awslocal/mariadb"
	"halo.dev/halo/test/awslocal/rds"
)

// Options say where a Cloud lives and how it behaves. All are required but those that say otherwise.
type Options struct {
	StateFolder    string
	TemplateFolder string // of the pristine database; optional, the state folder's own when empty
	Settings       rds.Settings
	Addresses      addresses.Pool
	Detach         bool // leave the servers running at the end
	Log            *slog.Logger
	Now            func() time.Time
}

// Cloud is an account with its servers.
type Cloud struct {
	options   Options
	folder    *folder
	authority *authority.Authority
	pristine  string

	mutex    sync.Mutex
	account  *rds.Account
	machines map[string]*machine // by resource ID
	broken   error               // a state that could not be written; nothing is accepted after it
	workers  sync.WaitGroup
}

// machine is what the Cloud knows of one cluster's server.
type machine struct {
	busy    bool // a worker has it
	process *mariadb.Process
	dynamic map[string]string // options it was last told
	retryAt time.Time         // after a failed start
}

// tick is how often time is looked at; the model's statuses are not finer.
const tick = 50 * time.Millisecond

// Open takes the state folder, reads the account, and finds servers that still run from before.
func Open(ctx context.Context, options Options) (*Cloud, error) {
	folder, err := openFolder(options.StateFolder)
	if err != nil {
		return nil, err
	}
	cloud := &Cloud{options: options, folder: folder, machines: map[string]*machine{}}
	if err := cloud.prepare(ctx); err != nil {
		return nil, errors.Join(err, folder.release())
	}
	cloud.adopt()
	return cloud, nil
}

func (c *Cloud) prepare(ctx context.Context) error {
	var err error
	if c.authority, err = authority.Open(c.folder.path, "database authority of the stand-in"); err != nil {
		return err
	}
	templates := c.options.TemplateFolder
	if templates == "" {
		templates = filepath.Join(c.folder.path, "templates")
	}
	if c.pristine, err = mariadb.Template(ctx, templates); err != nil {
		return err
	}
	settings := c.options.Settings
	settings.Address = c.options.Addresses.Pick
	settings.Random = randomLetters
	c.account, err = c.folder.load(settings)
	return err
}

// randomLetters gives capital letters and digits, as RDS's resource identifiers have.
func randomLetters(n int) string {
	text := ""
	for len(text) < n {
		text += rand.Text()
	}
	return text[:n]
}

// adopt looks for running servers. One that was left in maintenance is stopped by the work that it was for.
func (c *Cloud) adopt() {
	for _, cluster := range c.account.Clusters {
		known := c.machine(cluster)
		if process, running := mariadb.Adopt(c.server(cluster, nil)); running {
			known.process = process
			cluster.Running = true
			c.options.Log.Info("found a database server that still runs", "cluster", cluster.Identifier, "pid", process.PID())
		}
	}
}

// CertificatePEM is the authority that every endpoint's certificate is signed by; it is also <state folder>/ca.pem.
func (c *Cloud) CertificatePEM() []byte { return c.authority.Pair().Certificate }

// Do runs a call against the account and keeps what it changed. The account must not be kept or used outside.
func (c *Cloud) Do(call func(account *rds.Account, now time.Time) error) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.broken != nil {
		return c.broken
	}
	now := c.options.Now()
	c.account.Advance(now)
	err := call(c.account, now)
	return errors.Join(err, c.save())
}

// View shows the account without changing it. What look takes out of it must be copies.
func (c *Cloud) View(look func(account *rds.Account)) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	look(c.account)
}

// save runs under the lock. A state that cannot be kept is the end: going on would lose data at the next start.
func (c *Cloud) save() error {
	if err := c.folder.save(c.account); err != nil {
		c.broken = err
	}
	return c.broken
}

// Run does the work until ctx ends, then stops the servers (or leaves them, with Detach) and gives the folder back.
func (c *Cloud) Run(ctx context.Context) error {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	var failure error
	for failure == nil && ctx.Err() == nil {
		failure = c.turn(ctx)
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
	c.workers.Wait()
	if !c.options.Detach {
		failure = errors.Join(failure, c.stopAll(context.WithoutCancel(ctx)))
	}
	return errors.Join(failure, c.folder.release())
}

// turn lets time pass and gives every cluster that needs one a worker.
func (c *Cloud) turn(ctx context.Context) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.broken != nil {
		return c.broken
	}
	now := c.options.Now()
	changed := c.account.Advance(now)
	for identifier, cluster := range c.account.Clusters {
		known := c.machine(cluster)
		if known.busy {
			continue
		}
		if job := c.nextJob(cluster, known, now); job != nil {
			known.busy = true
			c.workers.Go(func() { c.work(ctx, identifier, known, job) })
		}
	}
	if folders := c.account.Discarded; len(folders) > 0 {
		c.account.Discarded = nil
		changed = true
		c.workers.Go(func() { c.discard(folders) })
	}
	if changed {
		return c.save()
	}
	return nil
}

func (c *Cloud) machine(cluster *rds.Cluster) *machine {
	known := c.machines[cluster.ResourceID]
	if known == nil {
		known = &machine{}
		c.machines[cluster.ResourceID] = known
	}
	return known
}

func (c *Cloud) stopAll(ctx context.Context) error {
	var group sync.WaitGroup
	failures := make(chan error, len(c.machines))
	for _, known := range c.machines {
		if known.process != nil {
			group.Go(func() { failures <- known.process.Stop(ctx) })
		}
	}
	group.Wait()
	close(failures)
	var all error
	for failure := range failures {
		all = errors.Join(all, failure)
	}
	if all != nil {
		return fmt.Errorf("stop the database servers: %w", all)
	}
	return nil
}

// Close gives back a Cloud that was never run.
func (c *Cloud) Close() error { return c.folder.release() }
