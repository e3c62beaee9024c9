// Package retention looks after the partitions: it makes those of the days to come, and archives days that are old.
//
//	every hour:  make partitions seven days ahead (an alarm when that fails)
//	             days older than the retention ─► exchange ─► look ─► export ─► count ─► drop
//
// A day with anything that is not final stays, whole, and is told of each time.
package retention

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"time"

	"gazua.example/payment-api/mysql"
)

// every is how often we look; what is there already costs a read only.
const every = time.Hour

// Options say what is kept.
type Options struct {
	Keep time.Duration // days whose end is older than this are archived
	Dir  string        // where they are exported to
	Now  func() time.Time
}

// Report is what one look did.
type Report struct {
	Made     int // partitions
	Archived []Archived
	Kept     []*mysql.NotFinalError // old days that stay, and why
}

// Archived is a day that was exported and dropped.
type Archived struct {
	Day    mysql.Day
	File   string // the manifest
	SHA256 string // of the manifest, which holds those of the tables
}

// Keeper makes and archives partitions.
type Keeper struct {
	db      *sql.DB // for maintenance
	archive *mysql.Archive
	options Options
	log     *slog.Logger
	metrics *metrics
}

// New makes a keeper; db is a pool for maintenance.
func New(db *sql.DB, o Options, log *slog.Logger) (*Keeper, error) {
	m, err := newMetrics()
	if err != nil {
		return nil, err
	}
	return &Keeper{db: db, archive: mysql.NewArchive(db), options: o, log: log, metrics: m}, nil
}

// Run looks every hour until ctx ends.
func (k *Keeper) Run(ctx context.Context) {
	for {
		report, err := k.Look(ctx)
		if err != nil && ctx.Err() == nil {
			k.log.Error("partitions: the keeper cannot do its work; without a partition for today no payment is accepted", "error", err.Error())
		}
		if report.Made > 0 {
			k.log.Info("partitions", "made", report.Made)
		}
		for _, a := range report.Archived {
			k.log.Info("archived", "day", a.Day.Name(), "file", a.File)
		}
		for _, n := range report.Kept {
			k.log.Warn("not archived", "day", n.Day.Name(), "reason", n.Error())
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(every):
		}
	}
}

// Look does once what is to be done.
func (k *Keeper) Look(ctx context.Context) (report Report, err error) {
	report.Made, err = mysql.MakePartitions(ctx, k.db, k.options.Now())
	if until, readErr := mysql.PartitionsUntil(ctx, k.db); readErr == nil {
		k.metrics.ahead(until.Sub(k.options.Now()))
	}
	if err != nil {
		k.metrics.failed(ctx)
		return report, err
	}
	err = k.archive.Alone(ctx, func() error {
		days, err := k.archive.Days(ctx, k.options.Now().Add(-k.options.Keep))
		if err != nil {
			return err
		}
		for _, d := range days {
			if err := k.day(ctx, d, &report); err != nil {
				return err
			}
		}
		return nil
	})
	if errors.Is(err, mysql.ErrHeld) {
		return report, nil // another worker is archiving
	}
	if err != nil {
		k.metrics.failed(ctx)
	}
	return report, err
}

// day brings one day as far as it goes.
func (k *Keeper) day(ctx context.Context, d mysql.Day, report *Report) error {
	a := Archived{Day: d}
	if d.Step != mysql.StepTotaled {
		err := k.archive.Exchange(ctx, d)
		var open *mysql.NotFinalError
		if errors.As(err, &open) {
			report.Kept = append(report.Kept, open)
			return k.archive.Return(ctx, d)
		}
		if err != nil {
			return err
		}
		if a.File, a.SHA256, err = k.export(ctx, d); err != nil {
			return err
		}
		if err := k.archive.Total(ctx, d, a.File, a.SHA256); err != nil {
			return err
		}
	}
	if err := k.archive.Drop(ctx, d); err != nil {
		return err
	}
	report.Archived = append(report.Archived, a)
	return nil
}
