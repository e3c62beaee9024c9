package dump

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log"
	"time"

	"github.com/go-sql-driver/mysql"
)

// MySQL is who waits for a lock in the database.
type MySQL struct {
	Waits []LockWait `json:"waits,omitempty"`
	Note  string     `json:"note,omitempty"` // why nothing is known
}

// LockWait is one transaction that waits, and whom for.
type LockWait struct {
	Table    string  `json:"table"`
	Lock     string  `json:"lock"` // kind and mode, of which index
	Waited   float64 `json:"waited_s"`
	Waiting  string  `json:"waiting"`  // its statement
	Blocking string  `json:"blocking"` // the other's last statement; it may be past it
}

const (
	mysqlBound = 2 * time.Second
	mostWaits  = 20
	textBound  = 160 // characters of a statement
)

// The innermost select bounds what is joined; the server gives up by itself after a second.
const lockWaits = `SELECT /*+ MAX_EXECUTION_TIME(1000) */ l.OBJECT_NAME, CONCAT(l.LOCK_TYPE, ' ', l.LOCK_MODE, ' on ', COALESCE(l.INDEX_NAME, 'the table')),
		COALESCE(t.PROCESSLIST_TIME, 0), COALESCE(t.PROCESSLIST_INFO, ''), COALESCE(b.PROCESSLIST_INFO, s.SQL_TEXT, '')
	FROM (SELECT * FROM performance_schema.data_lock_waits LIMIT 20) w
	JOIN performance_schema.data_locks l ON l.ENGINE = w.ENGINE AND l.ENGINE_LOCK_ID = w.REQUESTING_ENGINE_LOCK_ID
	LEFT JOIN performance_schema.threads t ON t.THREAD_ID = w.REQUESTING_THREAD_ID
	LEFT JOIN performance_schema.threads b ON b.THREAD_ID = w.BLOCKING_THREAD_ID
	LEFT JOIN performance_schema.events_statements_current s ON s.THREAD_ID = w.BLOCKING_THREAD_ID AND s.NESTING_EVENT_ID IS NULL
	ORDER BY 3 DESC`

// needsRight is the statement that lets the verifier's user see them.
const needsRight = "the verifier's user may not read performance_schema, so the waits for locks in MySQL are not known: " +
	"GRANT SELECT ON performance_schema.* TO 'verifier'@'127.0.0.1' lets it"

// denied are MySQL's refusals of a right: no SELECT on the table, no such privilege, no access to the database.
var denied = map[uint16]bool{1142: true, 1227: true, 1044: true}

func askMySQL(ctx context.Context, dsn string) MySQL {
	if dsn == "" {
		return MySQL{Note: "MYSQL_DSN is not known, so the waits in MySQL are not either"}
	}
	waits, err := readWaits(ctx, dsn)
	var refused *mysql.MySQLError
	if errors.As(err, &refused) && denied[refused.Number] {
		return MySQL{Note: needsRight}
	}
	if err != nil {
		return MySQL{Note: fmt.Sprintf("ask MySQL for the waits for locks: %v", err)}
	}
	return MySQL{Waits: waits}
}

func readWaits(ctx context.Context, dsn string) ([]LockWait, error) {
	config, err := mysql.ParseDSN(dsn)
	if err != nil {
		return nil, errors.New("MYSQL_DSN is not of the form user:password@tcp(host:port)/payment") // the cause may show the password
	}
	config.Timeout, config.ReadTimeout, config.Logger = mysqlBound, mysqlBound, log.New(io.Discard, "", 0)
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	ctx, cancel := context.WithTimeout(ctx, 2*mysqlBound)
	defer cancel()
	rows, err := db.QueryContext(ctx, lockWaits)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []LockWait
	for rows.Next() && len(found) < mostWaits {
		var w LockWait
		if err := rows.Scan(&w.Table, &w.Lock, &w.Waited, &w.Waiting, &w.Blocking); err != nil {
			return nil, err
		}
		w.Waiting, w.Blocking = shorten(w.Waiting), shorten(w.Blocking)
		found = append(found, w)
	}
	return found, rows.Err()
}

func shorten(statement string) string {
	if runes := []rune(statement); len(runes) > textBound {
		return string(runes[:textBound]) + "…"
	}
	return statement
}
