package main

import (
	"database/sql"

	"gazua.example/infra/config"
	"gazua.example/payment-api/mysql"
)

// withDatabase lends a verb a small pool, once all its settings are right.
func withDatabase(set *config.Set, dsn string, do func(db *sql.DB) error) error {
	return lend(set, func() (*sql.DB, error) { return mysql.Open(dsn, 2) }, do)
}

// withSlowDatabase lends one whose statements may look through a whole day.
func withSlowDatabase(set *config.Set, dsn string, do func(db *sql.DB) error) error {
	return lend(set, func() (*sql.DB, error) { return mysql.OpenForMaintenance(dsn) }, do)
}

func lend(set *config.Set, open func() (*sql.DB, error), do func(db *sql.DB) error) error {
	if err := set.Err(); err != nil {
		return err
	}
	db, err := open()
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	return do(db)
}
