package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"

	"gazua.example/infra/config"
	"gazua.example/payment-api/gateway"
	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
	"gazua.example/payment-worker/terminal"
)

// reviewView is a review as it is printed.
type reviewView struct {
	ID           string     `json:"id"` // PAYMENT or PAYMENT/CANCELLATION, as settle wants it
	Payment      string     `json:"payment_id"`
	Cancellation uint32     `json:"cancellation,omitempty"`
	Merchant     uint32     `json:"merchant"`
	Amount       int64      `json:"amount"`
	Currency     string     `json:"currency"`
	Reason       string     `json:"reason"`
	Since        time.Time  `json:"since"`
	Parts        []partView `json:"parts"` // legs, or refunds of the cancellation
	age          time.Duration
}

type partView struct {
	Means     string `json:"means"`
	Reference string `json:"reference"` // what the means knows it by
	Amount    int64  `json:"amount"`
	State     string `json:"state"`
	Code      string `json:"code,omitempty"`
}

func reviewList(ctx context.Context, set *config.Set, args []string, out io.Writer) error {
	a := argumentsOf("review list")
	a.listing()
	if err := a.flagsOnly(args); err != nil {
		return err
	}
	return withDatabase(set, readDSN(set), func(db *sql.DB) error {
		store := mysql.NewStore(db, mysql.GroupOptions{Max: 1, Committers: 1})
		defer store.Close()
		found, err := store.Reviews(ctx, *a.limit)
		if err != nil {
			return err
		}
		views, rows := make([]reviewView, len(found)), [][]string(nil)
		for i, r := range found {
			v := viewReview(r)
			views[i] = v
			for _, p := range v.Parts {
				rows = append(rows, []string{v.ID, terminal.Age(v.age), v.Reason, fmt.Sprintf("%d %s", v.Amount, v.Currency), p.Means, p.Reference, strconv.FormatInt(p.Amount, 10), p.State, p.Code})
			}
		}
		if *a.json {
			return terminal.JSON(out, map[string]any{"data": views})
		}
		return terminal.Table(out, []string{"ID", "FOR", "REASON", "AMOUNT", "MEANS", "REFERENCE", "PART", "STATE", "CODE"}, rows)
	})
}

func viewReview(r mysql.Reviewed) reviewView {
	p := r.Payment
	v := reviewView{
		ID: p.ID.String(), Payment: p.ID.String(), Merchant: uint32(p.Merchant), Amount: p.Price.Amount, Currency: string(p.Price.Currency),
		Reason: p.Reason, Since: r.Since.UTC(), age: r.Age,
	}
	c := r.Cancellation
	if c == nil {
		for i := range p.Legs {
			l := &p.Legs[i]
			v.Parts = append(v.Parts, partView{string(l.Means), p.Reference(l), l.Amount, string(l.State), l.Code})
		}
		return v
	}
	v.ID, v.Cancellation, v.Amount, v.Reason = fmt.Sprintf("%d/%d", p.ID, c.Seq), c.Seq, c.Amount, c.Reason
	for i := range c.Refunds {
		f := &c.Refunds[i]
		v.Parts = append(v.Parts, partView{string(f.Means), c.Reference(f), f.Amount, string(f.State), f.Code})
	}
	return v
}

func reviewSettle(ctx context.Context, set *config.Set, args []string, out io.Writer) error {
	a := argumentsOf("review settle")
	note, byHand := a.String("note", "", ""), a.Bool("by-hand", false, "")
	plain, err := a.parse(args)
	if err != nil {
		return err
	}
	if len(plain) != 2 {
		return errors.New("review settle wants PAYMENT[/CANCELLATION] and how it ended: paid, failed or succeeded")
	}
	verdict, err := parseVerdict(plain[0], plain[1])
	if err != nil {
		return err
	}
	if strings.TrimSpace(*note) == "" {
		return errors.New("review settle wants --note TEXT: who decided what, for the history")
	}
	verdict.Note, verdict.ByHand = *note, *byHand
	s := readSettings(set)
	return withDatabase(set, s.dsn, func(db *sql.DB) error {
		means, err := gateway.New(s.means)
		if err != nil {
			return err
		}
		defer means.Close()
		store := mysql.NewStore(db, mysql.GroupOptions{Max: 1, Committers: 1})
		defer store.Close()
		service := &payment.Service{
			Store: store, Gateway: means, Clock: wallClock{}, Limits: s.limits, Actor: s.instance,
			Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
		}
		if err := service.SettleReview(ctx, verdict); err != nil {
			return err
		}
		fmt.Fprintf(out, "%s is %s now\n", plain[0], strings.ToUpper(plain[1]))
		return nil
	})
}

// parseVerdict reads what a person says of a payment or of a cancellation; each has its own words.
func parseVerdict(work, ended string) (payment.Verdict, error) {
	first, second, ofCancellation := strings.Cut(work, "/")
	id, err := payment.ParseID(first)
	if err != nil {
		return payment.Verdict{}, fmt.Errorf("%q is not PAYMENT or PAYMENT/CANCELLATION as `review list` shows it", work)
	}
	v := payment.Verdict{Work: payment.WorkID{Payment: id}}
	success := "paid"
	if ofCancellation {
		seq, err := strconv.ParseUint(second, 10, 32)
		if err != nil || seq == 0 {
			return v, fmt.Errorf("%q is not PAYMENT or PAYMENT/CANCELLATION as `review list` shows it", work)
		}
		v.Work.Cancellation, success = uint32(seq), "succeeded"
	}
	switch ended {
	case success:
		v.Success = true
	case "failed":
	default:
		return v, fmt.Errorf("%q is not how %s can end; it is %s or failed", ended, work, success)
	}
	return v, nil
}
