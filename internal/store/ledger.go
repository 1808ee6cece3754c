package store

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"halo.dev/halo/internal/erasures"
)

// erasedAtOnce is how many persons one transaction of a migration removes.
const erasedAtOnce = 500

// readErasures reads every file of a folder: the parts of a ledger. What cannot
// be read is an error, because a person might come back.
func readErasures(folder string) ([]int64, error) {
	if folder == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("reading the ledger of erasures: %w", err)
	}
	var numbers []int64
	for _, entry := range entries {
		name := filepath.Join(folder, entry.Name())
		if strings.HasPrefix(entry.Name(), "..") {
			continue // the folders behind a mounted volume
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading the ledger of erasures: %w", err)
		}
		part, err := erasures.Parse(string(text))
		if err != nil {
			return nil, fmt.Errorf("reading the ledger of erasures %s: %w", name, err)
		}
		numbers = append(numbers, part...)
	}
	slices.Sort(numbers)
	return slices.Compact(numbers), nil
}

// eraseAgain removes the persons of numbers that came from outside of the
// database, which are therefore noted there.
func eraseAgain(ctx context.Context, connection *sql.Conn, numbers []int64, progress progress) error {
	found := 0
	for some := range slices.Chunk(numbers, erasedAtOnce) {
		erased, err := erase(ctx, connection, some)
		if err != nil {
			return err
		}
		if err := noted(ctx, connection, some); err != nil {
			return err
		}
		found += erased
	}
	if len(numbers) > 0 {
		progress.say("ledger of erasures: %d numbers, of which this copy still had %d persons", len(numbers), found)
	}
	return nil
}
