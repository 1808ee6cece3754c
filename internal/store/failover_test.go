package store_test

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"testing"
	"time"

	"halo.dev/halo/internal/store"
)

// visitors store submissions of their own, one after the other, until stop is
// called, which returns how many were stored.
func visitors(t *testing.T, to *store.Store, number int) (stop func() (stored int)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	counts, errs := make([]int, number), make([]error, number)
	for visitor := range number {
		group.Go(func() {
			for ctx.Err() == nil && errs[visitor] == nil {
				what := submission(0)
				what.Nonce = [16]byte{1: byte(visitor), 2: byte(counts[visitor]), 3: byte(counts[visitor] >> 8)}
				bounded, done := context.WithTimeout(t.Context(), 4*time.Second) // as a request is
				_, errs[visitor] = to.Save(bounded, what)
				done()
				counts[visitor]++
			}
		})
	}
	return func() (stored int) {
		cancel()
		group.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Errorf("a visitor saw the failover: %v", err)
		}
		for _, one := range counts {
			stored += one
		}
		return stored
	}
}

// killAll ends every connection of the program's users, as a failover does.
func killAll(t *testing.T, root *sql.DB) (killed int) {
	t.Helper()
	rows, err := root.Query(`SELECT id FROM information_schema.processlist WHERE user IN ('halo_intake', 'halo_delivery')`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var ids []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		if _, err := root.Exec(`KILL CONNECTION ?`, id); err == nil {
			killed++
		}
	}
	return killed
}

// TestNoVisitorSeesAFailover: connections are killed in the middle of what they
// do, the server may only read for a while, and connections are killed again.
func TestNoVisitorSeesAFailover(t *testing.T) {
	opened := openStore(t)
	root := server.Root(t)
	stop := visitors(t, opened, 4)
	defer func() {
		if _, err := root.Exec(`SET GLOBAL read_only = 0`); err != nil {
			t.Error(err)
		}
	}()
	killed := 0
	for range 10 {
		killed += killAll(t, root)
		waitForMore(t, root)
	}
	if _, err := root.Exec(`SET GLOBAL read_only = 1`); err != nil {
		t.Fatal(err)
	}
	waitForReadOnly(t)
	if _, err := root.Exec(`SET GLOBAL read_only = 0`); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		killed += killAll(t, root)
		waitForMore(t, root)
	}
	stored := stop()
	wantCounts(t, stored) // each once: neither lost nor doubled
	if killed < 15 || stored < 15 {
		t.Errorf("%d connections were killed and %d assessments stored: too few to tell", killed, stored)
	}
}

// waitForMore waits until another assessment is stored.
func waitForMore(t *testing.T, root *sql.DB) {
	t.Helper()
	ctx := within(t, 10*time.Second)
	for before, now := -1, 0; now <= before || before < 0; {
		if err := root.QueryRowContext(ctx, `SELECT COUNT(*) FROM halo_assessment.assessment`).Scan(&now); err != nil {
			t.Fatal(err)
		}
		if before < 0 {
			before = now
		}
	}
}

// waitForReadOnly waits until the server has refused some writes.
func waitForReadOnly(t *testing.T) {
	t.Helper()
	db := server.As(t, "halo_intake", intakePassword)
	ctx := within(t, 10*time.Second)
	for refused := 0; refused < 20; refused++ {
		_, err := db.ExecContext(ctx, `INSERT INTO halo_assessment.nonce VALUES (UNHEX(REPEAT('ff', 16)), 1, UTC_TIMESTAMP())`)
		if numberOf(err) != 1290 {
			t.Fatalf("while the server may only read: %v", err)
		}
		time.Sleep(25 * time.Millisecond) // the outage itself, not a wait for something
	}
}

// TestAnOutageThatLastsIsToldInTime: the visitor's request ends, and nothing is
// half stored.
func TestAnOutageThatLastsIsToldInTime(t *testing.T) {
	opened := openStore(t)
	root := server.Root(t)
	if _, err := root.Exec(`SET GLOBAL read_only = 1`); err != nil {
		t.Fatal(err)
	}
	_, err := opened.Save(within(t, 300*time.Millisecond), submission(1))
	if err == nil {
		t.Error("stored in a database that may only read")
	}
	if _, restored := root.Exec(`SET GLOBAL read_only = 0`); restored != nil {
		t.Fatal(restored)
	}
	if receipt := save(t, opened, submission(1)); receipt.Replayed {
		t.Error("it was stored after all")
	}
	wantCounts(t, 1)
}

// TestAConnectionThatMayOnlyReadIsGivenUp: after a failover the old writer lives
// on as a reader, and only a new connection leads to the new writer.
func TestAConnectionThatMayOnlyReadIsGivenUp(t *testing.T) {
	opened := openStore(t)
	root := server.Root(t)
	readOnly := func(value string) {
		if _, err := root.Exec(`SET GLOBAL tx_read_only = ` + value); err != nil { // of connections to come
			t.Fatal(err)
		}
	}
	readOnly("ON")
	killAll(t, root)
	_, err := opened.Save(within(t, 300*time.Millisecond), submission(1))
	readOnly("OFF")
	if err == nil {
		t.Fatal("stored by a connection that may only read")
	}
	if _, err := opened.Save(within(t, 4*time.Second), submission(1)); err != nil {
		t.Errorf("with a new connection: %v", err)
	}
	wantCounts(t, 1)
}

// TestAnErrorThatStaysIsToldAtOnce: nobody waits for what does not pass.
func TestAnErrorThatStaysIsToldAtOnce(t *testing.T) {
	opened := openStore(t)
	if _, err := server.Master(t).Exec(`REVOKE INSERT ON halo_person.person FROM halo_intake@'%'`); err != nil {
		t.Fatal(err)
	}
	started := time.Now()
	_, err := opened.Save(t.Context(), submission(1))
	wantNumber(t, err, forbidden)
	if took := time.Since(started); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
}
