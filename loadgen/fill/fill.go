// Package fill puts PAID card payments into a stack's database, many and fast: the tables then are as large as after some
// days of steady trade, and what a payment costs can be measured on them.
//
//	look (empty, or filled before) ─► partitions of the past days ─► server loosened ─► rows, table by table in the order of
//	the primary key ─► pages to disk ─► server as it was, looked at ─► statistics ─► noted in loadgen_fill
//
// The rows are those that a synchronous card payment leaves: payment, leg, two events, two journal entries, the order's guard;
// the idempotency key of the last 24 hours only, since the product deletes older ones (KEY_TTL). A payment of the fill can be
// looked at, and its key repeated. It was charged nowhere: no mock PG has it in its book, so it can be neither canceled nor
// reconciled.
//
// The statements are the fill's own. It knows the tables, as the verifier does, and no code of the system.
package fill

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"time"
)

// Options of a fill.
type Options struct {
	Payments    int64         // that there shall be, those of fills before included
	Days        int           // before now over which they are spread; of a first fill
	Connections int           // few: what is inserted in order at two places does not go faster at twenty
	Keys        time.Duration // idempotency keys of payments that are younger than this
	Force       bool          // also where other payments lie in those days
	Loosen      bool          // let the server be less careful meanwhile; it must be one that may be thrown away
	Say         io.Writer     // progress
}

// Usual are the options for what the caller does not say.
var Usual = Options{Payments: 1_000_000, Days: 10, Connections: 3, Keys: 24 * time.Hour, Loosen: true}

// Bounds of the options.
const (
	MostPayments    = 50_000_000
	MostADay        = 10_000_000
	MostDays        = 60 // far below the 90 days after which the workers archive (RETENTION_DAYS)
	MostConnections = 16
)

// Check tells all that is wrong with the options.
func (o Options) Check() error {
	var faults []error
	rule := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	rule(o.Payments >= 1 && o.Payments <= MostPayments, "--payments must be from 1 to %d", MostPayments)
	rule(o.Days >= 1 && o.Days <= MostDays, "--days must be from 1 to %d: the workers archive what is older than RETENTION_DAYS, 90", MostDays)
	rule(o.Days < 1 || o.Payments/int64(o.Days) <= MostADay, "--payments are at most %d for each of the --days", MostADay)
	rule(o.Connections >= 1 && o.Connections <= MostConnections, "--connections must be from 1 to %d", MostConnections)
	return errors.Join(faults...)
}

// Report is what a fill did.
type Report struct {
	Payments int64            `json:"payments"` // that there are, those of fills before included
	Filled   int64            `json:"filled"`   // by this one
	Days     int              `json:"days"`
	Start    time.Time        `json:"start"` // of the time over which they are spread
	End      time.Time        `json:"end"`
	Seconds  float64          `json:"seconds"`       // of this fill, pages on disk
	Rows     map[string]int64 `json:"rows"`          // by table, of this fill
	Bytes    map[string]int64 `json:"bytes"`         // by table, its files at the end
	Loosened []string         `json:"loosened"`      // what the server was less careful about meanwhile
	Tight    bool             `json:"tight"`         // all of that was seen to be as before
	Flushed  bool             `json:"pages_on_disk"` // nothing is left to be written while something is measured
}

// BytesPerPayment of all tables together. What a run has added counts too, so it is that of the fills where they are most.
func (r *Report) BytesPerPayment() float64 {
	var sum int64
	for _, bytes := range r.Bytes {
		sum += bytes
	}
	return float64(sum) / float64(max(r.Payments, 1))
}

// Fill brings the database up to o.Payments payments. db is an administrator's; what it may not do (only a root may switch
// the binary log off) is left as it is. An error in the middle leaves a database that no fill takes up again.
func Fill(ctx context.Context, db *sql.DB, o Options) (report *Report, err error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	began := time.Now()
	s, err := prepare(ctx, db, o)
	if err != nil {
		return nil, err
	}
	if err := room(ctx, db, s.payments); err != nil {
		return nil, err
	}
	report = &Report{Payments: o.Payments, Filled: s.payments, Days: int(s.end.Sub(s.start) / day), Start: s.start, End: s.end, Rows: map[string]int64{}, Tight: true, Flushed: true}
	if s.payments > 0 {
		if err := carryOut(ctx, db, o, s, report); err != nil {
			return nil, err
		}
	}
	report.Seconds = time.Since(began).Seconds()
	report.Bytes, err = fileSizes(ctx, db)
	return report, err
}

// carryOut is what changes the database. What was loosened is put back whatever happens.
func carryOut(ctx context.Context, db *sql.DB, o Options, s *step, report *Report) (err error) {
	if err := makePartitions(ctx, db, s.start, s.end); err != nil {
		return err
	}
	if err := s.begin(ctx, db); err != nil {
		return err
	}
	server := &server{db: db}
	if o.Loosen {
		if err := server.loosen(ctx); err != nil {
			return errors.Join(err, server.tighten(ctx))
		}
	}
	report.Loosened = server.told()
	report.Rows, err = write(ctx, db, o, s)
	if err == nil {
		report.Flushed, err = server.flush(ctx)
	}
	if err = errors.Join(err, server.tighten(ctx)); err != nil {
		return err
	}
	if err := analyze(ctx, db); err != nil {
		return err
	}
	return s.done(ctx, db)
}

// tables are those that are filled.
var tables = []string{"payment", "payment_leg", "payment_event", "journal_entry", "order_guard", "idempotency_key"}

// analyze lets the optimizer know how large the tables have become; it would see by itself, but later.
func analyze(ctx context.Context, db *sql.DB) error {
	for _, table := range tables {
		if _, err := db.ExecContext(ctx, "ANALYZE NO_WRITE_TO_BINLOG TABLE "+table); err != nil {
			return fmt.Errorf("analyze %s: %w", table, err)
		}
	}
	return nil
}
