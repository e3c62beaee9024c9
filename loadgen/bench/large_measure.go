package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gazua.example/loadgen/report"
)

// measure makes one run and takes it into the cell.
func (l *large) measure(ctx context.Context, db *sql.DB, c *LargeCell, number int) error {
	if err := durable(ctx, db); err != nil {
		return err
	}
	warmed, err := l.warm(ctx, db)
	if err != nil {
		return err
	}
	pages := followPages(ctx, db)
	folder, err := l.run(ctx, c.Place, l.Duration)
	pages.stop()
	if err = errors.Join(err, warmed()); err != nil {
		return err
	}
	repeat, err := readRun(folder, c.Place, number, l.Duration)
	if err != nil {
		return err
	}
	result, err := report.Load(folder)
	if err != nil {
		return err
	}
	of, err := pages.between(result.Start, result.Start.Add(time.Duration(result.Load*float64(time.Second))), repeat.Payments)
	if err != nil {
		return err
	}
	if relative, err := filepath.Rel(l.Folder, folder); err == nil {
		repeat.Folder = relative
	}
	c.take(repeat, of)
	l.say("%d payments, %s, %d of %d: %.0f/s, p50 %.1f ms, p99 %.1f ms, %.2f pages read a payment, verdict=%s",
		l.report.Sizes[len(l.report.Sizes)-1].Payments, c.load(), number, l.Repeats, repeat.Rate, repeat.P50, repeat.P99, of.Reads, repeat.Verdict)
	return nil
}

// run is one `loadgen run` in a process of its own, since its CPU is measured too. It returns the run's folder.
func (l *large) run(ctx context.Context, p Place, load time.Duration, flags ...string) (string, error) {
	file := filepath.Join(l.Folder, "scenarios", p.name()+".yaml")
	if err := os.WriteFile(file, []byte(largeScenario(p, load, l.Looks)), 0o644); err != nil {
		return "", err
	}
	args := append([]string{"run", file, "--stack", l.stack.File(), "--out", filepath.Join(l.Folder, "runs"), "--tag", p.name(), "--progress", "1m"}, flags...)
	out, err := (&bench{}).child(ctx, load+runBound+censusTime(l.Payments[len(l.Payments)-1]), l.stack.Env, args...)
	if folder, ok := folderOf(out); ok {
		return folder, nil // FAIL and INVALID are errors of the process and results of the run
	}
	return "", fmt.Errorf("the run has no result: %w\n%s", errors.Join(err, ctx.Err()), tail(out))
}

// censusTime is what counting all rows may take beyond the usual: each run does it at its start and for its verdict.
func censusTime(payments int64) time.Duration { return time.Duration(payments) * 60 * time.Microsecond }

// largeScenario is that of a step: card payments without delay, faults or errands, some of them looked at once.
func largeScenario(p Place, load time.Duration, looks int) string {
	text := scenarioText(p, load)
	if looks == 0 {
		return text
	}
	return text + fmt.Sprintf(`flows:
  - {name: pay, weight: %d, steps: [{create: {}}]}
  - {name: pay-and-look, weight: %d, steps: [{create: {}}, {expect: {state: PAID}}]}
`, 100-looks, looks)
}

// Server is what of the server's settings decides how large is large.
type Server struct {
	Version    string `json:"version"`
	BufferPool int64  `json:"buffer_pool_bytes"`
	RedoLog    int64  `json:"redo_log_bytes"`
}

func readServer(ctx context.Context, db *sql.DB) (s Server, err error) {
	err = db.QueryRowContext(ctx, "SELECT VERSION(), @@GLOBAL.innodb_buffer_pool_size, @@GLOBAL.innodb_redo_log_capacity").Scan(&s.Version, &s.BufferPool, &s.RedoLog)
	if err != nil {
		return s, fmt.Errorf("read the server's settings: %w", err)
	}
	return s, nil
}

// durable is an error when a commit may be lost: a fill loosens the server, and a figure of a loose server is none.
func durable(ctx context.Context, db *sql.DB) error {
	var flush, sync string
	if err := db.QueryRowContext(ctx, "SELECT @@GLOBAL.innodb_flush_log_at_trx_commit, @@GLOBAL.sync_binlog").Scan(&flush, &sync); err != nil {
		return fmt.Errorf("read whether commits are durable: %w", err)
	}
	if got := strings.Join([]string{flush, sync}, ","); got != "1,1" {
		return fmt.Errorf("innodb_flush_log_at_trx_commit,sync_binlog are %s and must be 1,1: nothing may be measured on this server", got)
	}
	return nil
}
