package store

import (
	"context"
	"errors"
	"io"
	"time"
)

// MigrateConfig says which database to migrate, and as whom.
type MigrateConfig struct {
	// Host, Port, CAFile and CredentialsDir are as in Config.
	Host           string
	Port           int
	CAFile         string
	CredentialsDir string
	// MasterUsername and MasterPasswordFile are the credentials of the user
	// who may create schemas and users.
	MasterUsername     string
	MasterPasswordFile string
	// Wait bounds the waiting for the database; five minutes when zero.
	Wait time.Duration
	// Progress gets a line for each step that was done and for each thing
	// that is waited for.
	Progress io.Writer
}

// Migrate is being written.
func Migrate(context.Context, MigrateConfig) error { return errors.New("not yet") }
