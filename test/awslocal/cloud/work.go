package cloud

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"os"
	"path/filepath"
	"time"

	"halo.dev/halo/test/authority"
	"halo.dev/halo/test/awslocal/mariadb"
	"halo.dev/halo/test/awslocal/rds"
)

// job is one thing to do for one cluster. do runs without the lock and done with it, when do has ended and was not
// interrupted.
type job struct {
	name string
	do   func(ctx context.Context) error
	done func(err error)
}

// retryStart is how long a server that would not start is left alone.
const retryStart = 2 * time.Second

// nextJob decides, under the lock, what a cluster needs first; nil is nothing. Everything that the job needs of the
// account is copied here.
func (c *Cloud) nextJob(cluster *rds.Cluster, known *machine, now time.Time) *job {
	alive := known.process != nil && known.process.Alive()
	if known.process != nil && !alive {
		c.options.Log.Warn("a database server has ended by itself", "cluster", cluster.Identifier)
		known.process = nil
		c.account.Stopped(cluster.Identifier)
	}
	if len(cluster.Work) > 0 {
		return c.workJob(cluster, known)
	}
	wanted := c.account.Compute(cluster)
	switch {
	case wanted.Running && !alive && !now.Before(known.retryAt):
		return c.startJob(cluster, known, wanted)
	case !wanted.Running && alive:
		return c.stopJob(cluster, known)
	case alive && !maps.Equal(known.dynamic, wanted.Dynamic):
		return c.optionsJob(cluster, known, wanted)
	}
	return nil
}

// work does a job. Interrupted work is left as it is: it is done again from its beginning.
func (c *Cloud) work(ctx context.Context, identifier string, known *machine, todo *job) {
	err := todo.do(ctx)
	c.mutex.Lock()
	defer c.mutex.Unlock()
	known.busy = false
	if err != nil && ctx.Err() != nil {
		return
	}
	if err != nil {
		c.options.Log.Error("work on a database failed", "cluster", identifier, "work", todo.name, "error", err)
	} else {
		c.options.Log.Info("work on a database is done", "cluster", identifier, "work", todo.name)
	}
	todo.done(err)
	if err := c.save(); err != nil {
		c.options.Log.Error("the state could not be kept", "error", err)
	}
}

func (c *Cloud) startJob(cluster *rds.Cluster, known *machine, wanted rds.Compute) *job {
	identifier, server := cluster.Identifier, c.server(cluster, wanted.Options)
	var process *mariadb.Process
	return &job{
		name: "start",
		do: func(ctx context.Context) (err error) {
			process, err = c.start(ctx, server)
			return err
		},
		done: func(err error) {
			if err != nil {
				known.retryAt = c.options.Now().Add(retryStart)
				return
			}
			known.process, known.dynamic = process, wanted.Dynamic
			c.account.Started(identifier)
		},
	}
}

func (c *Cloud) stopJob(cluster *rds.Cluster, known *machine) *job {
	identifier, process := cluster.Identifier, known.process
	return &job{
		name: "stop",
		do:   process.Stop,
		done: func(err error) {
			if err == nil {
				known.process = nil
				c.account.Stopped(identifier)
			}
		},
	}
}

func (c *Cloud) optionsJob(cluster *rds.Cluster, known *machine, wanted rds.Compute) *job {
	socket := c.server(cluster, nil).Socket
	return &job{
		name: "set options",
		do:   func(ctx context.Context) error { return mariadb.SetOptions(ctx, socket, wanted.Dynamic) },
		// A value that MariaDB does not take is not tried again until the group changes.
		done: func(error) { known.dynamic = wanted.Dynamic },
	}
}

func (c *Cloud) workJob(cluster *rds.Cluster, known *machine) *job {
	identifier, work := cluster.Identifier, cluster.Work[0]
	does := map[rds.WorkKind]func(*rds.Cluster, *machine, rds.Work) func(context.Context) error{
		rds.Provision: c.provision, rds.ResetPassword: c.resetPassword, rds.TakeSnapshot: c.takeSnapshot, rds.Destroy: c.destroy,
	}
	copied := *cluster
	return &job{
		name: string(work.Kind),
		do:   does[work.Kind](&copied, known, work),
		done: func(err error) {
			if work.Kind == rds.Destroy && err == nil {
				known.process = nil
				c.account.Stopped(identifier)
			}
			c.account.Finish(identifier, work, err)
		},
	}
}

// server describes a cluster's server with its network.
func (c *Cloud) server(cluster *rds.Cluster, options map[string]string) mariadb.Server {
	server := mariadb.Server{
		Folder: c.folder.cluster(cluster.ResourceID), Socket: filepath.Join(c.folder.sockets, cluster.ResourceID[len("cluster-"):]+".sock"),
		Namespace: c.options.Addresses.Namespace(), Address: cluster.Address, Port: int(*cluster.Port),
		Names: []string{cluster.Endpoint(), cluster.ReaderEndpoint()}, Options: options, Retention: *cluster.BackupRetentionPeriod,
	}
	if cluster.DataKey != "" {
		server.KeyFile = c.folder.key(cluster.DataKey)
	}
	return server
}

func (c *Cloud) start(ctx context.Context, server mariadb.Server) (*mariadb.Process, error) {
	if err := c.options.Addresses.Up(ctx, server.Address); err != nil {
		return nil, err
	}
	pair, err := c.authority.Issue(authority.Leaf{
		CommonName: "database endpoint", Usage: x509.ExtKeyUsageServerAuth,
		DNSNames: server.Names, Addresses: []net.IP{net.ParseIP(server.Address)},
	})
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(server.Folder, "server-key.pem"), pair.Key, 0o600); err != nil {
		return nil, fmt.Errorf("write the server's key: %w", err)
	}
	if err := os.WriteFile(filepath.Join(server.Folder, "server.pem"), pair.Certificate, 0o600); err != nil {
		return nil, fmt.Errorf("write the server's certificate: %w", err)
	}
	return mariadb.Start(ctx, server)
}

// maintained runs do against a server that nobody else reaches.
func maintained(ctx context.Context, server mariadb.Server, do func(ctx context.Context) error) (err error) {
	server.Maintenance = true
	if left, running := mariadb.Adopt(server); running {
		if err := left.Stop(ctx); err != nil {
			return err
		}
	}
	process, err := mariadb.Start(ctx, server)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, process.Stop(context.WithoutCancel(ctx))) }()
	return do(ctx)
}

func (c *Cloud) provision(cluster *rds.Cluster, _ *machine, _ rds.Work) func(context.Context) error {
	server := c.server(cluster, nil)
	return func(ctx context.Context) error {
		if err := os.MkdirAll(server.Folder, 0o700); err != nil {
			return fmt.Errorf("make the cluster's folder: %w", err)
		}
		if err := makeKey(server.KeyFile); err != nil {
			return err
		}
		source := c.pristine
		if cluster.Origin.Snapshot != "" {
			source = c.folder.snapshot(cluster.Origin.Snapshot)
		}
		if _, err := os.Stat(server.Data()); errors.Is(err, fs.ErrNotExist) {
			if err := mariadb.CopyData(ctx, source, server.Data()); err != nil {
				return err
			}
		}
		return maintained(ctx, server, func(ctx context.Context) error {
			if cluster.Origin.Snapshot != "" {
				return nil // the master user came with the data, password and all
			}
			return mariadb.CreateMaster(ctx, server.Socket, *cluster.MasterUsername, cluster.PasswordHash, *cluster.DatabaseName)
		})
	}
}

// makeKey makes a key file of file_key_management unless it is there.
func makeKey(path string) error {
	if path == "" {
		return nil
	}
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return fmt.Errorf("make a data key: %w", err)
	}
	if err := writeSynced(path, []byte("1;"+hex.EncodeToString(key)+"\n")); err != nil {
		return fmt.Errorf("keep a data key: %w", err)
	}
	return nil
}

func (c *Cloud) resetPassword(cluster *rds.Cluster, known *machine, _ rds.Work) func(context.Context) error {
	server, running := c.server(cluster, nil), known.process != nil
	set := func(ctx context.Context) error {
		return mariadb.SetPasswordHash(ctx, server.Socket, *cluster.MasterUsername, cluster.PasswordHash)
	}
	return func(ctx context.Context) error {
		if running {
			return set(ctx)
		}
		return maintained(ctx, server, set)
	}
}

func (c *Cloud) takeSnapshot(cluster *rds.Cluster, known *machine, work rds.Work) func(context.Context) error {
	server, running := c.server(cluster, nil), known.process != nil
	target := c.snapshotFolder(work.Snapshot)
	return func(ctx context.Context) error {
		if _, err := os.Stat(target); err == nil {
			return nil // done before an interruption
		}
		if running {
			return mariadb.Backup(ctx, server, target)
		}
		return mariadb.CopyData(ctx, server.Data(), target)
	}
}

// snapshotFolder runs under the lock; "" is no snapshot.
func (c *Cloud) snapshotFolder(identifier string) string {
	if snapshot := c.account.Snapshots[identifier]; snapshot != nil {
		return c.folder.snapshot(snapshot.Folder)
	}
	return ""
}

// destroy keeps the data as the final snapshot, if there is one, before anything is removed.
func (c *Cloud) destroy(cluster *rds.Cluster, known *machine, work rds.Work) func(context.Context) error {
	server, process, target := c.server(cluster, nil), known.process, c.snapshotFolder(work.Snapshot)
	if work.Snapshot != "" && target == "" {
		return func(context.Context) error {
			return fmt.Errorf("final snapshot %s is not in the account: the data stays", work.Snapshot)
		}
	}
	return func(ctx context.Context) error {
		if process != nil {
			if err := process.Stop(ctx); err != nil {
				return err
			}
		}
		if _, err := os.Stat(target); target != "" && errors.Is(err, fs.ErrNotExist) {
			if err := mariadb.CopyData(ctx, server.Data(), target); err != nil {
				return err
			}
		}
		if err := os.RemoveAll(server.Folder); err != nil {
			return fmt.Errorf("remove the cluster's folder: %w", err)
		}
		// The data is gone or kept by now: an address that stays is litter, not a failed deletion.
		if err := c.options.Addresses.Down(ctx, server.Address); err != nil {
			c.options.Log.Warn("a deleted cluster's address stays", "address", server.Address, "error", err)
		}
		return nil
	}
}

// discard removes the files of deleted snapshots. One that cannot be removed stays as litter: nothing refers to it.
func (c *Cloud) discard(folders []string) {
	for _, name := range folders {
		if err := os.RemoveAll(c.folder.snapshot(name)); err != nil {
			c.options.Log.Warn("a deleted snapshot's files stay", "folder", name, "error", err)
		}
	}
}
