package store

import (
	"database/sql"
	"net"
)

// Asking has the host's address looked up by a resolver of the test's.
func (c Config) Asking(resolver *net.Resolver) Config {
	c.resolver = resolver
	return c
}

// Intake opens the pool of the user intake, as Open does.
func Intake(config Config) (*sql.DB, error) {
	complete, err := config.complete()
	return complete.pool(userIntake), err
}
