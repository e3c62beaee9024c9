package monitor

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

// openDatabase opens the verifier's connection, one for each of the two sources that ask. It does not reach for the server:
// one that is down is a source that does not answer, and is asked again.
func openDatabase(dsn string, bound time.Duration) (*sql.DB, error) {
	config, err := mysql.ParseDSN(dsn)
	if err != nil {
		return nil, errors.New("MYSQL_DSN is not of the form user:password@tcp(host:port)/payment") // the cause may show the password
	}
	config.InterpolateParams = true
	config.Params = map[string]string{"transaction_isolation": "'READ-UNCOMMITTED'"} // counts need no snapshot: see work
	config.Timeout, config.ReadTimeout, config.WriteTimeout = bound, bound, bound
	config.Logger = log.New(io.Discard, "", 0) // every error is returned as well
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(2)
	db.SetMaxIdleConns(2)
	return db, nil
}

// server reads MySQL's own counters. SHOW GLOBAL STATUS needs no right; how often the binary log was synced stands in the
// performance schema only, which is asked once whether it may be read.
type server struct {
	db       *sql.DB
	noBinlog bool // the user may not read it
	counters
}

var (
	statusCounters = map[string]string{
		"Questions": "questions_per_s", "Binlog_cache_use": "commits_per_s", "Innodb_data_fsyncs": "fsyncs_per_s", "Innodb_os_log_fsyncs": "log_fsyncs_per_s",
		"Innodb_row_lock_waits": "row_lock_waits_per_s", "Innodb_row_lock_time": "row_lock_time_ms_per_s",
	}
	statusGauges = map[string]string{
		"Threads_running": "threads_running", "Threads_connected": "threads_connected", "Innodb_row_lock_current_waits": "row_lock_waiting",
		"Innodb_buffer_pool_pages_dirty": "buffer_pool_dirty_pages",
	}
	statusQuery = func() string {
		names := []string{"'Innodb_buffer_pool_reads'", "'Innodb_buffer_pool_read_requests'"}
		for _, group := range []map[string]string{statusCounters, statusGauges} {
			for name := range group {
				names = append(names, "'"+name+"'")
			}
		}
		return "SHOW GLOBAL STATUS WHERE Variable_name IN (" + strings.Join(names, ", ") + ")"
	}()
)

const binlogQuery = "SELECT /*+ MAX_EXECUTION_TIME(500) */ COUNT_MISC FROM performance_schema.file_summary_by_event_name WHERE EVENT_NAME = 'wait/io/file/sql/binlog'"

func (s *server) read(ctx context.Context) (Values, error) {
	status, err := s.status(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask MySQL for its status: %w", err)
	}
	now, v := time.Now(), Values{}
	for name, metric := range statusCounters {
		if value, ok := status[name]; ok {
			s.put(v, metric, value, now)
		}
	}
	for name, metric := range statusGauges {
		if value, ok := status[name]; ok {
			v.put("mysql", metric, value)
		}
	}
	missed, ok := s.mean("buffer pool", status["Innodb_buffer_pool_reads"], status["Innodb_buffer_pool_read_requests"], now)
	if ok {
		v.put("mysql", "buffer_pool_hit_pct", 100*(1-min(missed, 1)))
	}
	if !s.noBinlog {
		s.binlog(ctx, v)
	}
	return v, nil
}

func (s *server) status(ctx context.Context) (map[string]float64, error) {
	rows, err := s.db.QueryContext(ctx, statusQuery)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	status := map[string]float64{}
	for rows.Next() {
		var name, text string
		if err := rows.Scan(&name, &text); err != nil {
			return nil, err
		}
		if value, err := strconv.ParseFloat(text, 64); err == nil {
			status[name] = value
		}
	}
	return status, rows.Err()
}

// binlog counts the operations on the binary log's files that neither read nor write: at sync_binlog=1 the fsyncs, and a few
// when a file is changed.
func (s *server) binlog(ctx context.Context, v Values) {
	var synced float64
	err := s.db.QueryRowContext(ctx, binlogQuery).Scan(&synced)
	var refused *mysql.MySQLError
	if s.noBinlog = errors.As(err, &refused); err == nil {
		s.put(v, "binlog_fsyncs_per_s", synced, time.Now())
	}
}

func (s *server) put(v Values, metric string, counter float64, now time.Time) {
	if rate, ok := s.rate(metric, counter, now); ok {
		v.put("mysql", metric, rate)
	}
}
