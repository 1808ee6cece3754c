package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"time"

	"github.com/go-sql-driver/mysql"
)

const (
	// longestAgain bounds the tries of a call whose context has no end: a
	// failover takes half a minute and more, which nobody waits for in a call.
	longestAgain = 10 * time.Second
	// firstPause is after the first failure; it doubles up to longestPause.
	firstPause, longestPause = 20 * time.Millisecond, 400 * time.Millisecond
)

// again calls what may be repeated until it succeeds, fails for a reason that
// does not pass by itself, or the context ends.
func (s *Store) again(ctx context.Context, call func(ctx context.Context) error) error {
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, longestAgain)
		defer cancel()
	}
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		err := call(ctx)
		if err == nil || !passes(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

// passes says whether an error is one that goes away by itself: a transaction
// that lost to another one, a connection that was cut, a server that is going
// down, has too many connections, or may only read because another one is
// about to take its place.
func passes(err error) bool {
	var network *net.OpError
	return hasNumber(err, numberDeadlock, numberLockWaitTimeout,
		1040, 1203, // too many connections
		1053, 1077, 1079, // the server is going down
		1317, 1927, // interrupted, connection killed
		1290, 1792, 1836, 1874, // read only
	) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, mysql.ErrInvalidConn) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &network)
}
