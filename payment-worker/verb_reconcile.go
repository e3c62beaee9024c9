package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"gazua.example/infra/config"
	"gazua.example/payment-api/gateway"
	"gazua.example/payment-api/mysql"
	"gazua.example/payment-worker/reconcile"
)

// reconcileDay answers with its exit code too: 0 they agree, 1 they differ, 2 nobody knows.
func reconcileDay(ctx context.Context, set *config.Set, args []string, out io.Writer) error {
	report, asJSON, err := compareDay(ctx, set, args)
	if err != nil {
		fmt.Fprintln(os.Stderr, "payment-worker: "+err.Error())
		return unknown
	}
	print := reconcile.Text
	if asJSON {
		print = reconcile.JSON
	}
	if err := print(out, report); err != nil {
		return err
	}
	if !report.Clean() {
		return different
	}
	return nil
}

func compareDay(ctx context.Context, set *config.Set, args []string) (report *reconcile.Report, asJSON bool, err error) {
	a := argumentsOf("reconcile")
	date := a.String("date", "", "")
	a.json = a.Bool("json", false, "")
	if err := a.flagsOnly(args); err != nil {
		return nil, false, err
	}
	if _, err := time.Parse(time.DateOnly, *date); err != nil {
		return nil, false, errors.New("reconcile wants --date YYYY-MM-DD, a business day in Seoul")
	}
	s := readSettings(set)
	err = withSlowDatabase(set, s.dsn, func(db *sql.DB) error {
		means, err := gateway.New(s.means)
		if err != nil {
			return err
		}
		defer means.Close()
		report, err = reconcile.Day(ctx, means, mysql.NewJournal(db), *date, s.limits.CancelWindow+s.limits.Window+time.Hour)
		return err
	})
	return report, *a.json, err
}
