package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
	"gazua.example/payment-worker/terminal"
)

// told is a callback as it is printed.
type told struct {
	ID       uint64 `json:"id"`
	Event    string `json:"event"` // the webhook-id
	Merchant uint32 `json:"merchant"`
	Type     string `json:"type"`
	State    string `json:"state"`
	Attempts int    `json:"attempts"`
	Status   int    `json:"last_status"`
	Error    string `json:"last_error"`
	Age      string `json:"age"`
}

func listCallbacks(ctx context.Context, s settings, args []string, out io.Writer) error {
	f := flags("callback list")
	limit, asJSON := f.Int("limit", 50, ""), f.Bool("json", false, "")
	pending, gaveUp := f.Bool("pending", false, ""), f.Bool("gave-up", false, "")
	if _, err := parse(f, args, 0, 0); err != nil {
		return err
	}
	states := []mysql.CallbackState{mysql.CallbackPending, mysql.CallbackGaveUp}
	switch {
	case *pending && !*gaveUp:
		states = states[:1]
	case *gaveUp && !*pending:
		states = states[1:]
	}
	return withDatabase(s, func(db *sql.DB) error {
		found, err := mysql.NewCallbacks(db).List(ctx, *limit, states...)
		if err != nil {
			return err
		}
		list, rows := make([]told, len(found)), make([][]string, len(found))
		for i, c := range found {
			list[i] = told{c.ID, fmt.Sprintf("evt_%s_%d", c.Payment, c.Version), uint32(c.Merchant), c.Type, string(c.State), c.Attempts, c.Status, c.Error, terminal.Age(c.Age)}
			rows[i] = []string{strconv.FormatUint(c.ID, 10), list[i].Event, fmt.Sprint(c.Merchant), c.Type, list[i].State, strconv.Itoa(c.Attempts), strconv.Itoa(c.Status), c.Error, list[i].Age}
		}
		if *asJSON {
			return terminal.JSON(out, list)
		}
		if len(list) == 0 {
			_, err := fmt.Fprintln(out, "no callbacks wait, and none was given up")
			return err
		}
		return terminal.Table(out, []string{"id", "event", "merchant", "type", "state", "attempts", "status", "error", "age"}, rows)
	})
}

// resendAtMost bounds one `callback resend --gave-up`.
const resendAtMost = 10_000

func resendCallbacks(ctx context.Context, s settings, args []string, out io.Writer) error {
	f := flags("callback resend")
	gaveUp := f.Bool("gave-up", false, "")
	rest, err := parse(f, args, 0, 1)
	if err != nil {
		return err
	}
	if *gaveUp == (len(rest) == 1) {
		return errors.New("it is used as: payment-worker " + verbs()["callback resend"].usage)
	}
	return withDatabase(s, func(db *sql.DB) error {
		callbacks, sent := mysql.NewCallbacks(db), int64(1)
		if *gaveUp {
			sent, err = callbacks.ResendGivenUp(ctx, resendAtMost)
		} else {
			err = resendOne(ctx, callbacks, rest[0])
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "%d callbacks are due again\n", sent)
		return err
	})
}

func resendOne(ctx context.Context, callbacks *mysql.Callbacks, name string) error {
	var found bool
	if event, isEvent := strings.CutPrefix(name, "evt_"); isEvent {
		id, version, _ := strings.Cut(event, "_")
		parsed, err := payment.ParseID(id)
		n, err2 := strconv.ParseUint(version, 10, 32)
		if err != nil || err2 != nil {
			return fmt.Errorf("%q must be evt_PAYMENT_VERSION, as `callback list` prints it", name)
		}
		if found, err = callbacks.ResendEvent(ctx, parsed, uint32(n)); err != nil {
			return err
		}
	} else {
		id, err := strconv.ParseUint(name, 10, 64)
		if err != nil {
			return fmt.Errorf("%q must be an id or evt_PAYMENT_VERSION, as `callback list` prints them", name)
		}
		if found, err = callbacks.Resend(ctx, id); err != nil {
			return err
		}
	}
	if !found {
		return fmt.Errorf("there is no callback %s; ended ones are kept for a week", name)
	}
	return nil
}

// withDatabase opens the database for one verb.
func withDatabase(s settings, do func(*sql.DB) error) error {
	db, err := mysql.Open(s.dsn, 2)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }() // everything that was done is committed
	return do(db)
}
