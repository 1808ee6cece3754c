package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"halo.dev/halo/internal/store"
	"halo.dev/halo/test/mariadb"
)

// turn writes the credentials of a set of users.
func turn(t *testing.T, ending string) string {
	t.Helper()
	dir := mariadb.Credentials(t, "intake password"+ending, "delivery password"+ending)
	for _, user := range []string{"intake", "delivery", "console"} {
		if err := os.WriteFile(filepath.Join(dir, user+"-username"), []byte("halo_"+user+ending), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func users(t *testing.T, master *sql.DB) []string {
	t.Helper()
	rows, err := master.Query(`SELECT user FROM mysql.user WHERE user LIKE 'halo\_%' AND user <> ? ORDER BY user`, mariadb.MasterUsername)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return names
}

// TestUsersTakeTurnsAndNoRequestFails rotates twice while visitors are at work. A pod with the new credentials takes
// over from the one with the old, as a rollout does it.
func TestUsersTakeTurnsAndNoRequestFails(t *testing.T) {
	config := migrated(t)
	config.CredentialsDir = turn(t, "_a")
	if err := store.Migrate(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	pod, rollout := openWith(t, config.CredentialsDir), sync.RWMutex{}
	ctx, stop := context.WithCancel(t.Context())
	var failures, saved atomic.Int64
	var visitors sync.WaitGroup
	for visitor := range 4 {
		visitors.Go(func() {
			for number := 0; ctx.Err() == nil; number++ {
				one := submission(1)
				copy(one.Nonce[:], fmt.Sprintf("%d-%d", visitor, number))
				rollout.RLock()
				_, err := pod.Save(context.WithoutCancel(ctx), one)
				rollout.RUnlock()
				if err != nil {
					t.Error(err)
					failures.Add(1)
				}
				saved.Add(1)
			}
		})
	}
	for _, ending := range []string{"_b", "_a"} {
		config.CredentialsDir = turn(t, ending)
		if err := store.Migrate(t.Context(), config); err != nil {
			t.Fatal(err)
		}
		rollout.Lock() // the old pod ends what it has in hand
		old := pod
		pod = openWith(t, config.CredentialsDir)
		rollout.Unlock()
		if err := old.Close(); err != nil {
			t.Error(err)
		}
		if err := store.Retire(t.Context(), config); err != nil {
			t.Fatal(err)
		}
		want := []string{"halo_console" + ending, "halo_delivery" + ending, "halo_intake" + ending}
		if got := users(t, server.Master(t)); strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("users %v, want %v", got, want)
		}
	}
	stop()
	visitors.Wait()
	if failures.Load() != 0 || saved.Load() == 0 {
		t.Errorf("%d of %d requests failed", failures.Load(), saved.Load())
	}
}

func TestUsersThatAreStillUsedAreNotDropped(t *testing.T) {
	config := migrated(t)
	config.CredentialsDir = turn(t, "_a")
	if err := store.Migrate(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	old := openWith(t, config.CredentialsDir)
	if err := old.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	config.CredentialsDir, config.Wait = turn(t, "_b"), time.Second
	if err := store.Migrate(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	progress := new(bytes.Buffer)
	config.Progress = progress
	err := store.Retire(t.Context(), config)
	if err == nil || !strings.Contains(err.Error(), "still have 2 connections") {
		t.Errorf("retiring users at work: %v", err)
	}
	if err := old.Ping(t.Context()); err != nil {
		t.Errorf("they were dropped all the same: %v", err)
	}
	if !strings.Contains(progress.String(), "waiting for 2 connections") {
		t.Errorf("it says %s", progress)
	}
}

func TestNobodyIsDroppedBeforeTheNewUsersCanSignIn(t *testing.T) {
	config := migrated(t)
	config.CredentialsDir = turn(t, "_a")
	if err := store.Migrate(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	config.CredentialsDir = turn(t, "_b") // no migration has made them
	if err := store.Retire(t.Context(), config); err == nil || !strings.Contains(err.Error(), "signing in as the user halo_intake_b") {
		t.Errorf("retiring for users that are not there: %v", err)
	}
	if got := users(t, server.Master(t)); !strings.Contains(strings.Join(got, " "), "halo_intake_a") {
		t.Errorf("users %v", got)
	}
}
