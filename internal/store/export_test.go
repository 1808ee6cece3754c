package store

import "database/sql"

// Intake opens the pool of the user intake, as Open does.
func Intake(config Config) (*sql.DB, error) {
	complete, err := config.complete()
	return complete.pool(userIntake), err
}
