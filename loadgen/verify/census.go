package verify

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Census is what there was when the run started: how many rows each day had in each of the partitioned tables, live or
// archived, and which payments had something that was not final. The end is held against it.
type Census struct {
	At   time.Time   `json:"at"` // by the database's clock
	Days []CensusDay `json:"days"`
	Open []uint64    `json:"open,omitempty"` // payments, sorted
}

// CensusDay is a range of ids, as partitions and archived days cut it: first ≤ id < until.
type CensusDay struct {
	Day   string           `json:"day"` // 2026-03-01 in UTC; "" for what is of no day
	First uint64           `json:"first_id,string"`
	Until uint64           `json:"until_id,string"`
	Left  bool             `json:"left,omitempty"` // it is archived
	Rows  map[string]Count `json:"rows"`           // by table
}

// Count is of rows, and the sum of their amounts.
type Count struct {
	Rows   int64 `json:"rows"`
	Amount int64 `json:"amount"`
}

func (c Count) plus(d Count) Count { return Count{c.Rows + d.Rows, c.Amount + d.Amount} }

// table is one of those that are cut by payment id.
type table struct {
	name, id, amount string // columns; amount is 0 where there is none
	fixed            bool   // nothing of a closed day is added to it
}

// tables that a day leaves together.
var tables = []table{
	{"payment", "id", "amount", true},
	{"payment_leg", "payment_id", "amount", true},
	{"payment_event", "payment_id", "0", false},
	{"cancellation", "payment_id", "amount", false},
	{"refund", "payment_id", "amount", false},
	{"journal_entry", "payment_id", "amount", false},
}

// maxOpen bounds the payments that may be open when a run starts: each is looked for at its end.
const maxOpen = 100_000

// Census counts what there is. It reads the partitioned tables once, so it takes its time where they are large.
func (d *Database) Census(ctx context.Context) (*Census, error) {
	s, err := d.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	c := &Census{}
	if err := s.each(ctx, func(rows *sql.Rows) error { return rows.Scan(&c.At) }, "SELECT UTC_TIMESTAMP(6)"); err != nil {
		return nil, fmt.Errorf("read the database's clock: %w", err)
	}
	archived, err := s.archivedDays(ctx)
	if err != nil {
		return nil, err
	}
	if c.Days, err = s.cut(ctx, archived); err != nil {
		return nil, err
	}
	if err := s.countDays(ctx, c.Days, archived); err != nil {
		return nil, err
	}
	c.Open, err = s.notFinal(ctx)
	return c, err
}

// cut is the ranges between all borders, of partitions and of archived days.
func (s *Snapshot) cut(ctx context.Context, archived []archivedDay) ([]CensusDay, error) {
	names := map[uint64]string{} // by border
	var borders []uint64
	err := s.each(ctx, func(rows *sql.Rows) error {
		var name string
		var until uint64
		err := rows.Scan(&name, &until)
		if day, dated := time.Parse("p20060102", name); dated == nil {
			names[until] = day.Format(time.DateOnly)
		}
		borders = append(borders, until)
		return err
	}, `SELECT partition_name, IF(partition_description = 'MAXVALUE', 1 << 63, CAST(partition_description AS UNSIGNED)) FROM information_schema.partitions
		WHERE table_schema = DATABASE() AND table_name = 'payment' AND partition_name IS NOT NULL`)
	if err != nil {
		return nil, fmt.Errorf("read the partitions: %w", err)
	}
	left := map[uint64]bool{}
	for _, d := range archived {
		borders = append(borders, d.first, d.until)
		names[d.until], left[d.until] = d.day, d.left()
	}
	slices.Sort(borders)
	var days []CensusDay
	first := uint64(0)
	for _, until := range slices.Compact(borders) {
		if until > first {
			days = append(days, CensusDay{Day: names[until], First: first, Until: until, Left: left[until]})
		}
		first = until
	}
	return days, nil
}

// countDays counts the rows of each range, wherever they are: in the table, on their way out of it, or archived.
func (s *Snapshot) countDays(ctx context.Context, days []CensusDay, archived []archivedDay) error {
	totals, err := s.archiveTotals(ctx)
	if err != nil {
		return err
	}
	byBorder := map[uint64]*archivedDay{}
	for i := range archived {
		byBorder[archived[i].until] = &archived[i]
	}
	for i := range days {
		day := &days[i]
		day.Rows = map[string]Count{}
		for _, t := range tables {
			live, err := s.count(ctx, t, t.name, day.First, day.Until)
			if err != nil {
				return err
			}
			if of := byBorder[day.Until]; of != nil && of.left() {
				live = live.plus(totals.sum(of.day, t.name))
			} else if of != nil {
				private, err := s.countPrivate(ctx, t, of)
				if err != nil {
					return err
				}
				live = live.plus(private)
			}
			day.Rows[t.name] = live
		}
	}
	return nil
}

func (s *Snapshot) count(ctx context.Context, t table, name string, first, until uint64) (c Count, err error) {
	err = s.each(ctx, func(rows *sql.Rows) error { return rows.Scan(&c.Rows, &c.Amount) },
		"SELECT COUNT(*), COALESCE(SUM("+t.amount+"), 0) FROM "+name+" WHERE "+t.id+" >= ? AND "+t.id+" < ?", first, until)
	if err != nil {
		return c, fmt.Errorf("count the rows of %s from %d to %d: %w", name, first, until, err)
	}
	return c, nil
}

// countPrivate counts what stands in the table that a day's rows are exchanged into; they may still come back.
func (s *Snapshot) countPrivate(ctx context.Context, t table, of *archivedDay) (c Count, err error) {
	name, there := of.private(t.name), false
	err = s.each(ctx, func(*sql.Rows) error { there = true; return nil },
		"SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?", name)
	if err != nil {
		return c, fmt.Errorf("look for the table %s: %w", name, err)
	}
	if !there {
		return c, nil
	}
	return s.count(ctx, t, name, of.first, of.until)
}

// notFinal lists the payments that have open work, or that are not final themselves, or whose cancellation is not.
func (s *Snapshot) notFinal(ctx context.Context) (ids []uint64, err error) {
	for _, query := range []string{
		"SELECT DISTINCT payment_id FROM open_payment WHERE payment_id > ? ORDER BY payment_id LIMIT ?",
		"SELECT id FROM payment WHERE id > ? AND state NOT IN ('PAID', 'FAILED') ORDER BY id LIMIT ?",
		"SELECT DISTINCT payment_id FROM cancellation WHERE payment_id > ? AND state NOT IN ('SUCCEEDED', 'FAILED') ORDER BY payment_id LIMIT ?",
	} {
		err := s.each(ctx, func(rows *sql.Rows) error {
			var id uint64
			err := rows.Scan(&id)
			ids = append(ids, id)
			return err
		}, query, 0, maxOpen+1)
		if err != nil {
			return nil, fmt.Errorf("read what is open: %w", err)
		}
		slices.Sort(ids)
		if ids = slices.Compact(ids); len(ids) > maxOpen {
			return nil, fmt.Errorf("more than %d payments are open: let the system settle before a run, or its end cannot be held against its start", maxOpen)
		}
	}
	return ids, nil
}

// closed says that nobody can make a payment of that day any more: it had ended when the census was made, also by a clock
// that is some seconds off.
func (d *CensusDay) closed(at time.Time) bool {
	day, err := time.Parse(time.DateOnly, d.Day)
	return err == nil && !at.Before(day.AddDate(0, 0, 1).Add(10*time.Second))
}

func (d *CensusDay) String() string {
	return cmp.Or(d.Day, strings.TrimSpace(fmt.Sprintf("ids from %d to %d", d.First, d.Until)))
}
