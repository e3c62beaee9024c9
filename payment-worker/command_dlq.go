package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"gazua.example/payment-worker/dlq"
	"gazua.example/payment-worker/terminal"
)

// letter is a dead letter as it is printed.
type letter struct {
	Place  string    `json:"place"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
	From   string    `json:"from"`
	Key    string    `json:"key"`
	Value  string    `json:"value"`
}

func listLetters(ctx context.Context, s settings, args []string, out io.Writer) error {
	f := flags("dlq list")
	limit, asJSON := f.Int("limit", 50, ""), f.Bool("json", false, "")
	if _, err := parse(f, args, 0, 0); err != nil {
		return err
	}
	letters := dlq.Open(s.brokers)
	defer func() { _ = letters.Close() }() // it only read
	found, all, err := letters.List(ctx, *limit)
	if err != nil {
		return err
	}
	list, rows := make([]letter, len(found)), make([][]string, len(found))
	for i, l := range found {
		list[i] = letter{l.Place.String(), l.At, l.Reason, l.From, string(l.Key), string(l.Value)}
		rows[i] = []string{list[i].Place, terminal.Age(time.Since(l.At)), l.Reason, l.From, list[i].Key, list[i].Value}
	}
	if *asJSON {
		return terminal.JSON(out, list)
	}
	if all == 0 {
		_, err := fmt.Fprintln(out, "no dead letters wait")
		return err
	}
	if err := terminal.Table(out, []string{"place", "age", "reason", "from", "key", "value"}, rows); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%d of %d; `dlq replay PLACE` sends one again, `dlq replay --all` all\n", len(found), all)
	return err
}

func replayLetters(ctx context.Context, s settings, args []string, out io.Writer) error {
	f := flags("dlq replay")
	all := f.Bool("all", false, "")
	rest, err := parse(f, args, 0, 1)
	if err != nil {
		return err
	}
	if *all == (len(rest) == 1) {
		return errors.New("it is used as: payment-worker " + verbs()["dlq replay"].usage)
	}
	letters := dlq.Open(s.brokers)
	replayed := 1
	if *all {
		replayed, err = letters.ReplayAll(ctx)
	} else {
		var place dlq.Place
		if place, err = dlq.ParsePlace(rest[0]); err == nil {
			err = letters.Replay(ctx, place)
		}
	}
	if err = errors.Join(err, letters.Close()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%d dead letters were sent again\n", replayed)
	return err
}
