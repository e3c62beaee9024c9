package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"gazua.example/payment-api/gateway"
	"gazua.example/payment-api/mysql"
	"gazua.example/payment-worker/reconcile"
	"gazua.example/payment-worker/retention"
)

// reconcileDay compares a business day with the means' statements.
func reconcileDay(ctx context.Context, s settings, args []string, out io.Writer) error {
	f := flags("reconcile")
	date, asJSON := f.String("date", "", ""), f.Bool("json", false, "")
	if _, err := parse(f, args, 0, 0); err != nil {
		return err
	}
	if *date == "" {
		return fmt.Errorf("say which business day: payment-worker %s", verbs()["reconcile"].usage)
	}
	means, err := gateway.New(s.means)
	if err != nil {
		return err
	}
	defer means.Close()
	db, err := mysql.OpenForMaintenance(s.dsn)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }() // it only read
	report, err := reconcile.Day(ctx, means, mysql.NewJournal(db), *date, s.limits.CancelWindow+s.limits.Window+time.Hour)
	if err != nil {
		return err
	}
	write := reconcile.Text
	if *asJSON {
		write = reconcile.JSON
	}
	if err := write(out, report); err != nil {
		return err
	}
	if !report.Clean() {
		return errDifferent
	}
	return nil
}

// archiveNow does at once what the worker does every hour.
func archiveNow(ctx context.Context, s settings, args []string, out io.Writer) error {
	f := flags("retention")
	days := f.Int("keep-days", int(s.retention.Keep/(24*time.Hour)), "")
	if _, err := parse(f, args, 0, 0); err != nil {
		return err
	}
	o := s.retention
	if o.Keep = time.Duration(*days) * 24 * time.Hour; o.Keep <= s.limits.CancelWindow {
		return fmt.Errorf("--keep-days %d must be over CANCEL_WINDOW=%s: what can be cancelled must not be archived", *days, s.limits.CancelWindow)
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
	for _, a := range report.Archived {
		fmt.Fprintf(out, "archived %s: %s\n", a.Day.Name(), a.File)
	}
	for _, k := range report.Kept {
		fmt.Fprintf(out, "kept: %s\n", k)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%d partitions made, %d days archived, %d old days kept\n", report.Made, len(report.Archived), len(report.Kept))
	return err
}
