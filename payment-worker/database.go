package main

import (
	"database/sql"

	"gazua.example/infra/config"
	"gazua.example/payment-api/mysql"
)

// withDatabase lends a verb a small pool, once all its settings are right.
func withDatabase(set *config.Set, dsn string, do func(db *sql.DB) error) error {
	if err := set.Err(); err != nil {
		return err
	}
	db, err := mysql.Open(dsn, 2)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	return do(db)
}
