package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"gazua.example/infra/config"
	"gazua.example/payment-worker/dlq"
	"gazua.example/payment-worker/terminal"
)

// letterView is a dead letter as it is printed.
type letterView struct {
	Place  string    `json:"place"` // PARTITION/OFFSET, as replay wants it
	At     time.Time `json:"at"`
	From   string    `json:"from"`
	Key    string    `json:"key"`
	Reason string    `json:"reason"`
	Value  string    `json:"value"`
}

func dlqList(ctx context.Context, set *config.Set, args []string, out io.Writer) error {
	a := argumentsOf("dlq list")
	a.listing()
	if err := a.flagsOnly(args); err != nil {
		return err
	}
	letters, err := openLetters(set)
	if err != nil {
		return err
	}
	defer func() { _ = letters.Close() }()
	found, all, err := letters.List(ctx, *a.limit)
	if err != nil {
		return err
	}
	views, rows := make([]letterView, len(found)), make([][]string, len(found))
	for i, l := range found {
		v := letterView{l.Place.String(), l.At.UTC(), l.From, string(l.Key), l.Reason, string(l.Value)}
		views[i], rows[i] = v, []string{v.Place, terminal.Age(time.Since(l.At)), v.From, v.Key, v.Reason, v.Value}
	}
	if *a.json {
		return terminal.JSON(out, map[string]any{"data": views, "all": all})
	}
	if err := terminal.Table(out, []string{"PLACE", "AGE", "FROM", "KEY", "REASON", "VALUE"}, rows); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d of %d dead letters that were not replayed\n", len(found), all)
	return nil
}

func dlqReplay(ctx context.Context, set *config.Set, args []string, out io.Writer) error {
	a := argumentsOf("dlq replay")
	all := a.Bool("all", false, "")
	one, err := a.oneUnless(all, args, "one dead letter, PARTITION/OFFSET, or --all")
	if err != nil {
		return err
	}
	letters, err := openLetters(set)
	if err != nil {
		return err
	}
	defer func() { _ = letters.Close() }()
	if *all {
		n, err := letters.ReplayAll(ctx)
		fmt.Fprintf(out, "%d dead letters were sent again\n", n)
		return err
	}
	place, err := dlq.ParsePlace(one)
	if err != nil {
		return err
	}
	if err := letters.Replay(ctx, place); err != nil {
		return err
	}
	fmt.Fprintf(out, "the dead letter %s was sent again\n", place)
	return nil
}

func openLetters(set *config.Set) (*dlq.Letters, error) {
	brokers := readBrokers(set)
	if err := set.Err(); err != nil {
		return nil, err
	}
	if len(brokers) == 0 {
		return nil, errors.New("KAFKA_BROKERS names no broker")
	}
	return dlq.Open(brokers), nil
}
