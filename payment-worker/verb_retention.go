package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"gazua.example/infra/config"
	"gazua.example/payment-api/mysql"
	"gazua.example/payment-worker/retention"
)

// archiveNow does at once what the worker does every hour: partitions of the days to come, and the days that are old.
func archiveNow(ctx context.Context, set *config.Set, args []string, out io.Writer) error {
	s := readSettings(set)
	a := argumentsOf("retention")
	days := a.Int("keep-days", int(s.retention.Keep/day), "")
	if err := a.flagsOnly(args); err != nil {
		return err
	}
	if err := set.Err(); err != nil {
		return err
	}
	o := s.retention
	if o.Keep = time.Duration(*days) * day; o.Keep <= s.limits.CancelWindow {
		return fmt.Errorf("--keep-days %d must be over CANCEL_WINDOW (%s): a payment that can be canceled must still be here", *days, s.limits.CancelWindow)
	}
	db, err := mysql.OpenForMaintenance(s.dsn)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }() // everything that was done is committed
	keeper, err := retention.New(db, o, slog.Default())
	if err != nil {
		return err
	}
	report, err := keeper.Look(ctx)
	for _, archived := range report.Archived {
		fmt.Fprintf(out, "archived %s: %s\n", archived.Day.Name(), archived.File)
	}
	for _, kept := range report.Kept {
		fmt.Fprintf(out, "kept: %s\n", kept)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%d partitions made, %d days archived, %d old days kept\n", report.Made, len(report.Archived), len(report.Kept))
	return err
}
