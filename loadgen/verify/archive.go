package verify

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

// archivedDay is a day that left the tables, or is on its way.
type archivedDay struct {
	day    string // 2026-03-01
	first  uint64 // first ≤ id < until
	until  uint64
	step   string // EXCHANGING: may come back; TOTALED, DONE: counted and exported
	sha256 string // of its manifest
}

// left says that the day's rows are counted in archive_total.
func (d *archivedDay) left() bool { return d.step == "TOTALED" || d.step == "DONE" }

// name is how folders and tables of the day are called.
func (d *archivedDay) name() string { return strings.ReplaceAll(d.day, "-", "") }

// private is the table that the rows of one table are exchanged into.
func (d *archivedDay) private(table string) string { return "archive_" + table + "_" + d.name() }

// archivedDays are in the order of their ids.
func (s *Snapshot) archivedDays(ctx context.Context) (days []archivedDay, err error) {
	err = s.each(ctx, func(rows *sql.Rows) error {
		var d archivedDay
		err := rows.Scan(&d.day, &d.first, &d.until, &d.step, &d.sha256)
		days = append(days, d)
		return err
	}, "SELECT DATE_FORMAT(day, '%Y-%m-%d'), first_id, until_id, step, sha256 FROM archive_day ORDER BY first_id")
	if err != nil {
		return nil, fmt.Errorf("read the archived days: %w", err)
	}
	return days, nil
}

// archivedIn is the day that an id left with, or is leaving with; nil: none.
func archivedIn(days []archivedDay, id uint64) *archivedDay {
	i := slices.IndexFunc(days, func(d archivedDay) bool { return d.first <= id && id < d.until })
	if i < 0 {
		return nil
	}
	return &days[i]
}

// total names what is kept of an archived table: of the journal by account, of the others by state, where there is one.
type total struct{ day, table, state, currency string }

// sums is what is kept under a total.
type sums struct{ rows, amount, canceled int64 }

type archiveTotals map[total]sums

// archiveTotals are all of them: some for each day.
func (s *Snapshot) archiveTotals(ctx context.Context) (archiveTotals, error) {
	totals := archiveTotals{}
	err := s.each(ctx, func(rows *sql.Rows) error {
		var of total
		var is sums
		err := rows.Scan(&of.day, &of.table, &of.state, &of.currency, &is.rows, &is.amount, &is.canceled)
		totals[of] = is
		return err
	}, "SELECT DATE_FORMAT(day, '%Y-%m-%d'), table_name, state, currency, row_count, amount, canceled FROM archive_total")
	if err != nil {
		return nil, fmt.Errorf("read what was archived: %w", err)
	}
	return totals, nil
}

// sum is of one table and day.
func (t archiveTotals) sum(day, table string) (c Count) {
	for of, is := range t {
		if of.day == day && of.table == table {
			c = c.plus(Count{is.rows, is.amount})
		}
	}
	return c
}
