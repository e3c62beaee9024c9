package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"gazua.example/payment-api/gateway"
	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
	"gazua.example/payment-worker/terminal"
)

// reviewed is what waits for a person, as it is printed.
type reviewed struct {
	Work   string         `json:"work"` // PAYMENT or PAYMENT/CANCELLATION, as `review settle` takes it
	Order  string         `json:"order_id"`
	Since  time.Time      `json:"since"`
	Age    string         `json:"age"`
	Amount int64          `json:"amount"`
	Reason string         `json:"reason"`
	Parts  []reviewedPart `json:"parts"`
}

type reviewedPart struct {
	Means     payment.Means `json:"means"`
	Reference string        `json:"reference"`
	Amount    int64         `json:"amount"`
	State     string        `json:"state"`
	Code      string        `json:"code,omitempty"`
}

func listReviews(ctx context.Context, s settings, args []string, out io.Writer) error {
	f := flags("review list")
	limit, asJSON := f.Int("limit", 50, ""), f.Bool("json", false, "")
	if _, err := parse(f, args, 0, 0); err != nil {
		return err
	}
	return withStore(s, func(store *mysql.Store) error {
		found, err := store.Reviews(ctx, *limit)
		if err != nil {
			return err
		}
		list := make([]reviewed, len(found))
		rows := make([][]string, len(found))
		for i := range found {
			list[i] = describe(&found[i])
			parts := make([]string, len(list[i].Parts))
			for k, p := range list[i].Parts {
				parts[k] = fmt.Sprintf("%s %s %d %s", p.Means, p.Reference, p.Amount, p.State)
			}
			rows[i] = []string{list[i].Work, list[i].Order, list[i].Age, strconv.FormatInt(list[i].Amount, 10), list[i].Reason, strings.Join(parts, ", ")}
		}
		if *asJSON {
			return terminal.JSON(out, list)
		}
		if len(list) == 0 {
			_, err := fmt.Fprintln(out, "nothing waits for a person")
			return err
		}
		return terminal.Table(out, []string{"work", "order", "age", "amount", "reason", "parts"}, rows)
	})
}

func describe(r *mysql.Reviewed) reviewed {
	w := reviewed{Work: r.Payment.ID.String(), Order: r.Payment.Order, Since: r.Since, Age: terminal.Age(r.Age), Amount: r.Payment.Price.Amount, Reason: r.Payment.Reason}
	if c := r.Cancellation; c != nil {
		w.Work, w.Amount, w.Reason = fmt.Sprintf("%s/%d", w.Work, c.Seq), c.Amount, c.Reason
		for i := range c.Refunds {
			f := &c.Refunds[i]
			w.Parts = append(w.Parts, reviewedPart{f.Means, c.Reference(f), f.Amount, string(f.State), f.Code})
		}
		return w
	}
	for i := range r.Payment.Legs {
		l := &r.Payment.Legs[i]
		w.Parts = append(w.Parts, reviewedPart{l.Means, r.Payment.Reference(l), l.Amount, string(l.State), l.Code})
	}
	return w
}

func settleReview(ctx context.Context, s settings, args []string, out io.Writer) error {
	f := flags("review settle")
	note, byHand := f.String("note", "", ""), f.Bool("by-hand", false, "")
	rest, err := parse(f, args, 2, 2)
	if err != nil {
		return err
	}
	work, err := parseWork(rest[0])
	if err != nil {
		return err
	}
	v := payment.Verdict{Work: work, Note: *note, ByHand: *byHand}
	switch {
	case *note == "":
		return errors.New("say with --note who decided what; it stands in the history for ever")
	case rest[1] == "paid" && work.Cancellation == 0, rest[1] == "succeeded" && work.Cancellation != 0:
		v.Success = true
	case rest[1] != "failed":
		return fmt.Errorf("%q is none of its ends: a payment is paid or failed, a cancellation succeeded or failed", rest[1])
	}
	means, err := gateway.New(s.means)
	if err != nil {
		return err
	}
	defer means.Close()
	return withStore(s, func(store *mysql.Store) error {
		service := &payment.Service{Store: store, Gateway: means, Clock: wallClock{}, Limits: s.limits, Actor: s.instance, Log: slog.Default()}
		err := service.SettleReview(ctx, v)
		if errors.Is(err, payment.ErrMissed) {
			return fmt.Errorf("somebody else has just moved %s; look at `review list` again", rest[0])
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "%s is %s now\n", rest[0], strings.ToUpper(rest[1]))
		return err
	})
}

// parseWork reads PAYMENT or PAYMENT/CANCELLATION.
func parseWork(text string) (payment.WorkID, error) {
	id, seq, isCancellation := strings.Cut(text, "/")
	parsed, err := payment.ParseID(id)
	if err != nil {
		return payment.WorkID{}, fmt.Errorf("%q must be PAYMENT or PAYMENT/CANCELLATION, as `review list` prints it", text)
	}
	w := payment.WorkID{Payment: parsed}
	if isCancellation {
		n, err := strconv.ParseUint(seq, 10, 32)
		if err != nil || n == 0 {
			return payment.WorkID{}, fmt.Errorf("%q must be PAYMENT or PAYMENT/CANCELLATION, as `review list` prints it", text)
		}
		w.Cancellation = uint32(n)
	}
	return w, nil
}

// withStore opens the store for one verb.
func withStore(s settings, do func(*mysql.Store) error) error {
	db, err := mysql.Open(s.dsn, 4)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }() // everything that was done is committed
	store := mysql.NewStore(db, s.group)
	defer store.Close()
	return do(store)
}
