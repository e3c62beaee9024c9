package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"gazua.example/infra/config"
	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
	"gazua.example/payment-worker/terminal"
)

// callbackView is a callback as it is printed.
type callbackView struct {
	ID       string `json:"id"`
	Event    string `json:"event"` // what the merchant knows it by
	Type     string `json:"type"`
	Merchant uint32 `json:"merchant"`
	State    string `json:"state"`
	Attempts int    `json:"attempts"`
	Age      string `json:"age"`
	Due      string `json:"due_in,omitempty"`
	Status   int    `json:"last_status,omitempty"`
	Error    string `json:"last_error,omitempty"`
}

func callbackList(ctx context.Context, set *config.Set, args []string, out io.Writer) error {
	a := argumentsOf("callback list")
	a.listing()
	pending, gaveUp := a.Bool("pending", false, ""), a.Bool("gave-up", false, "")
	if err := a.flagsOnly(args); err != nil {
		return err
	}
	var states []mysql.CallbackState
	if *pending || !*gaveUp {
		states = append(states, mysql.CallbackPending)
	}
	if *gaveUp || !*pending {
		states = append(states, mysql.CallbackGaveUp)
	}
	return withDatabase(set, readDSN(set), func(db *sql.DB) error {
		found, err := mysql.NewCallbacks(db).List(ctx, *a.limit, states...)
		if err != nil {
			return err
		}
		views, rows := make([]callbackView, len(found)), make([][]string, len(found))
		for i, r := range found {
			v := viewCallback(r)
			status := ""
			if v.Status != 0 {
				status = strconv.Itoa(v.Status)
			}
			views[i], rows[i] = v, []string{v.ID, v.Event, v.Type, strconv.Itoa(int(v.Merchant)), v.State, strconv.Itoa(v.Attempts), v.Age, v.Due, status, v.Error}
		}
		if *a.json {
			return terminal.JSON(out, map[string]any{"data": views})
		}
		return terminal.Table(out, []string{"ID", "EVENT", "TYPE", "MERCHANT", "STATE", "ATTEMPTS", "AGE", "DUE IN", "STATUS", "ERROR"}, rows)
	})
}

func viewCallback(r mysql.CallbackRow) callbackView {
	v := callbackView{
		ID: strconv.FormatUint(r.ID, 10), Event: fmt.Sprintf("evt_%d_%d", r.Payment, r.Version), Type: r.Type, Merchant: uint32(r.Merchant),
		State: string(r.State), Attempts: r.Attempts, Age: terminal.Age(r.Age), Status: r.Status, Error: r.Error,
	}
	if r.State == mysql.CallbackPending {
		v.Due = terminal.Age(max(r.Due, 0))
	}
	return v
}

// resendBatch bounds one statement of a resend.
const resendBatch = 500

func callbackResend(ctx context.Context, set *config.Set, args []string, out io.Writer) error {
	a := argumentsOf("callback resend")
	gaveUp := a.Bool("gave-up", false, "")
	one, err := a.oneUnless(gaveUp, args, "one callback, its ID or evt_…, or --gave-up")
	if err != nil {
		return err
	}
	var which func(ctx context.Context, c *mysql.Callbacks) (bool, error)
	if !*gaveUp {
		if which, err = parseCallback(one); err != nil {
			return err
		}
	}
	return withDatabase(set, readDSN(set), func(db *sql.DB) error {
		callbacks := mysql.NewCallbacks(db)
		if *gaveUp {
			return resendAll(ctx, callbacks, out)
		}
		found, err := which(ctx, callbacks)
		switch {
		case err != nil:
			return err
		case !found:
			return fmt.Errorf("there is no callback %s: it never was, or ended more than a week ago", one)
		}
		fmt.Fprintf(out, "the callback %s is due now\n", one)
		return nil
	})
}

func resendAll(ctx context.Context, callbacks *mysql.Callbacks, out io.Writer) error {
	var all int64
	for {
		n, err := callbacks.ResendGivenUp(ctx, resendBatch)
		all += n
		if err != nil || n < resendBatch {
			fmt.Fprintf(out, "%d callbacks are due now\n", all)
			return err
		}
	}
}

// parseCallback reads an ID of the list or evt_<payment>_<version>.
func parseCallback(text string) (func(context.Context, *mysql.Callbacks) (bool, error), error) {
	wrong := fmt.Errorf("%q is neither a callback's ID nor evt_<payment>_<version>", text)
	event, isEvent := strings.CutPrefix(text, "evt_")
	if !isEvent {
		id, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return nil, wrong
		}
		return func(ctx context.Context, c *mysql.Callbacks) (bool, error) { return c.Resend(ctx, id) }, nil
	}
	first, second, _ := strings.Cut(event, "_")
	id, err1 := payment.ParseID(first)
	version, err2 := strconv.ParseUint(second, 10, 32)
	if errors.Join(err1, err2) != nil {
		return nil, wrong
	}
	return func(ctx context.Context, c *mysql.Callbacks) (bool, error) {
		return c.ResendEvent(ctx, id, uint32(version))
	}, nil
}
