package fill

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-sql-driver/mysql"
)

// server is what a fill changes about MySQL while it writes, and puts back. What the user may not change stays.
type server struct {
	db     *sql.DB
	before []setting
}

type setting struct{ name, value string }

// loose are the settings with their values during a fill. With the redo log flushed once a second a crash of the machine may
// cost what was filled, which is then cut off anyway. The binary log of the fill's own connections is off beside that.
var loose = []setting{
	{"innodb_flush_log_at_trx_commit", "2"},
	{"sync_binlog", "0"},
}

// loosen notes each setting before it changes it.
func (s *server) loosen(ctx context.Context) error {
	for _, l := range loose {
		var value string
		if err := s.db.QueryRowContext(ctx, "SELECT @@GLOBAL."+l.name).Scan(&value); err != nil {
			return fmt.Errorf("read %s: %w", l.name, err)
		}
		if _, err := s.db.ExecContext(ctx, "SET GLOBAL "+l.name+" = "+l.value); err != nil {
			if refused(err) {
				continue
			}
			return fmt.Errorf("set %s for the time of the fill: %w", l.name, err)
		}
		s.before = append(s.before, setting{l.name, value})
	}
	return nil
}

func (s *server) told() (texts []string) {
	for _, b := range s.before {
		i := slices.IndexFunc(loose, func(l setting) bool { return l.name == b.name })
		texts = append(texts, b.name+"="+loose[i].value)
	}
	return texts
}

// tightenBound is for a server that is busy.
const tightenBound = 30 * time.Second

// tighten puts everything back and looks whether it is; also after the fill was stopped. A server that stays loose would make
// every measurement after it worthless.
func (s *server) tighten(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tightenBound)
	defer cancel()
	var faults []error
	for _, b := range s.before {
		var value string
		_, err := s.db.ExecContext(ctx, "SET GLOBAL "+b.name+" = "+b.value)
		err = errors.Join(err, s.db.QueryRowContext(ctx, "SELECT @@GLOBAL."+b.name).Scan(&value))
		if err != nil || value != b.value {
			faults = append(faults, errors.Join(fmt.Errorf("%s is %q and was %q before the fill: restart the server before anything is measured", b.name, value, b.value), err))
		}
	}
	s.before = nil
	return errors.Join(faults...)
}

// flushBound is far above what a full buffer pool takes to be written.
const flushBound = 5 * time.Minute

// flush has the pages written that so far are changed in memory only: the server would do it during what is measured next.
// Where the user may not ask for that it says that it was not done.
func (s *server) flush(ctx context.Context) (done bool, err error) {
	const name, some = "innodb_max_dirty_pages_pct", 200
	var value string
	if err := s.db.QueryRowContext(ctx, "SELECT @@GLOBAL."+name).Scan(&value); err != nil {
		return false, fmt.Errorf("read %s: %w", name, err)
	}
	if _, err := s.db.ExecContext(ctx, "SET GLOBAL "+name+" = 0"); err != nil {
		if refused(err) {
			return false, nil
		}
		return false, fmt.Errorf("set %s until the pages are written: %w", name, err)
	}
	s.before = append(s.before, setting{name, value})
	for began := time.Now(); time.Since(began) < flushBound; {
		var variable string
		var dirty int
		if err := s.db.QueryRowContext(ctx, "SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_pages_dirty'").Scan(&variable, &dirty); err != nil {
			return false, fmt.Errorf("count the pages to be written: %w", err)
		}
		if dirty <= some {
			return true, nil
		}
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	return false, nil
}

// withoutBinlog takes a connection out of the binary log: nobody replicates a fill, and it would be written twice.
func withoutBinlog(ctx context.Context, conn *sql.Conn) (back func(), err error) {
	if _, err := conn.ExecContext(ctx, "SET SESSION sql_log_bin = 0"); err != nil {
		if refused(err) {
			return func() {}, nil
		}
		return nil, fmt.Errorf("switch the binary log off for the fill: %w", err)
	}
	return func() { _, _ = conn.ExecContext(context.WithoutCancel(ctx), "SET SESSION sql_log_bin = 1") }, nil // it is closed with the pool
}

// refused says that the user has not the right.
func refused(err error) bool {
	const needsPrivilege = 1227
	var of *mysql.MySQLError
	return errors.As(err, &of) && of.Number == needsPrivilege
}

// fileSizes are those of the tables, indexes and what is free in their files included, all partitions together.
func fileSizes(ctx context.Context, db *sql.DB) (map[string]int64, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to the database: %w", err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "SET SESSION information_schema_stats_expiry = 0"); err != nil { // the sizes of yesterday otherwise
		return nil, fmt.Errorf("ask for fresh sizes: %w", err)
	}
	sizes := map[string]int64{}
	for _, table := range tables {
		var bytes int64
		if err := conn.QueryRowContext(ctx, `SELECT COALESCE(SUM(data_length + index_length + data_free), 0) FROM information_schema.partitions
			WHERE table_schema = DATABASE() AND table_name = ?`, table).Scan(&bytes); err != nil {
			return nil, fmt.Errorf("read the size of %s: %w", table, err)
		}
		sizes[table] = bytes
	}
	return sizes, nil
}
