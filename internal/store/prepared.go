package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
)

// mostPrepared bounds the statements that a connection keeps prepared. There
// are fewer, but for those that are as long as a list is.
const mostPrepared = 64

// sessionIsolation is the isolation that every connection begins with, so that
// no transaction has to ask for it.
const sessionIsolation = driver.IsolationLevel(sql.LevelReadCommitted)

// connection is one of the driver's that keeps what it prepared: a statement
// then takes one round trip, not two, and its values are never a part of the
// statement's text, which the database shows to whoever may look at its list of
// processes.
type connection struct {
	inner
	prepared map[string]driver.Stmt
}

// inner is what the driver's connections can do, and database/sql makes use of.
type inner interface {
	driver.Conn
	driver.ConnPrepareContext
	driver.ConnBeginTx
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
	driver.NamedValueChecker
}

// keepPrepared begins the session of a new connection.
func keepPrepared(ctx context.Context, opened inner) (driver.Conn, error) {
	if _, err := opened.ExecContext(ctx, `SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED`, nil); err != nil {
		_ = opened.Close()
		return nil, err
	}
	return &connection{inner: opened, prepared: map[string]driver.Stmt{}}, nil
}

// BeginTx asks for an isolation only where it is not the session's.
func (c *connection) BeginTx(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	if options.Isolation == sessionIsolation {
		options.Isolation = 0
	}
	return c.inner.BeginTx(ctx, options)
}

// ExecContext executes a statement, prepared when it has values.
func (c *connection) ExecContext(ctx context.Context, query string, values []driver.NamedValue) (driver.Result, error) {
	if len(values) == 0 {
		return c.inner.ExecContext(ctx, query, values)
	}
	statement, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	return statement.(driver.StmtExecContext).ExecContext(ctx, values)
}

// QueryContext asks a question, prepared when it has values.
func (c *connection) QueryContext(ctx context.Context, query string, values []driver.NamedValue) (driver.Rows, error) {
	if len(values) == 0 {
		return c.inner.QueryContext(ctx, query, values)
	}
	statement, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	return statement.(driver.StmtQueryContext).QueryContext(ctx, values)
}

// statement is prepared at its first use. The one that makes room for another is
// any: what is used often is prepared again at once.
func (c *connection) statement(ctx context.Context, query string) (driver.Stmt, error) {
	if known, ok := c.prepared[query]; ok {
		return known, nil
	}
	for text, old := range c.prepared {
		if len(c.prepared) < mostPrepared {
			break
		}
		delete(c.prepared, text)
		_ = old.Close() // of a broken connection nothing is left to close
	}
	fresh, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	c.prepared[query] = fresh
	return fresh, nil
}
