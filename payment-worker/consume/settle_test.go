package consume

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/segmentio/kafka-go"

	"gazua.example/payment-api/events"
	"gazua.example/payment-api/payment"
	"gazua.example/payment-worker/relay"
)

type fakePayments struct {
	found  bool
	err    error
	panics bool
	asked  []payment.ID
}

func (f *fakePayments) Start(_ context.Context, id payment.ID) (bool, error) {
	f.asked = append(f.asked, id)
	if f.panics {
		panic("a mistake")
	}
	return f.found, f.err
}

type fakeMeans map[payment.Means]bool

func (f fakeMeans) Available(means ...payment.Means) bool {
	for _, m := range means {
		if !f[m] {
			return false
		}
	}
	return true
}

type fakeProducer struct {
	err     error
	written []kafka.Message
}

func (f *fakeProducer) WriteMessages(_ context.Context, messages ...kafka.Message) error {
	f.written = append(f.written, messages...)
	return f.err
}

func TestSettler_WhatBecomesOfAMessage(t *testing.T) {
	ours, _ := events.Encode(42, "")
	poison := kafka.Message{Topic: events.Topic, Partition: 3, Offset: 14, Key: []byte("k"), Value: []byte("not ours")}
	passing := errors.New("no database")
	for name, c := range map[string]struct {
		message  kafka.Message
		payments fakePayments
		dead     error
		wantErr  error
		letters  int
	}{
		"settled":                               {ours, fakePayments{found: true}, nil, nil, 0},
		"somebody else has it":                  {ours, fakePayments{err: payment.ErrMissed}, nil, nil, 0},
		"it is found but missed":                {ours, fakePayments{found: true, err: payment.ErrMissed}, nil, nil, 0},
		"passing trouble is tried again":        {ours, fakePayments{found: true, err: passing}, nil, passing, 0},
		"trouble before it could be read":       {ours, fakePayments{err: passing}, nil, passing, 0},
		"no payment":                            {ours, fakePayments{}, nil, nil, 1},
		"a panic":                               {ours, fakePayments{panics: true}, nil, nil, 1},
		"a panic that cannot be put aside":      {ours, fakePayments{panics: true}, passing, passing, 1},
		"poison":                                {poison, fakePayments{}, nil, nil, 1},
		"poison that cannot be put aside stays": {poison, fakePayments{}, passing, passing, 1},
	} {
		t.Run(name, func(t *testing.T) {
			dead := &fakeProducer{err: c.dead}
			s := &Settler{Payments: &c.payments, Means: fakeMeans{}, Dead: dead, Log: slog.New(slog.DiscardHandler)}
			if err := s.Handle(t.Context(), c.message); !errors.Is(err, c.wantErr) {
				t.Errorf("err = %v, want %v", err, c.wantErr)
			}
			if len(dead.written) != c.letters {
				t.Errorf("%d dead letters, want %d", len(dead.written), c.letters)
			}
		})
	}
}

func TestSettler_PausesWhileThePGsBreakerIsOpen(t *testing.T) {
	if (&Settler{Means: fakeMeans{payment.PG: true}}).Paused() || !(&Settler{Means: fakeMeans{payment.Point: true}}).Paused() {
		t.Error("it must pause exactly while the PG is not available")
	}
}

// The whole way of a message that can never work: it stands on the dead letter topic with its reason and origin, and the
// offset goes past it.
func TestSettler_Poison_GoesToTheDeadLetterTopic_AndTheOffsetMovesOn(t *testing.T) {
	t.Parallel()
	b := startBroker(t)
	if err := MakeTopics(t.Context(), []string{b.addr}, 1, 1, events.Topic, events.DeadLetter); err != nil {
		t.Fatal(err)
	}
	writer := relay.NewWriter([]string{b.addr})
	defer func() { _ = writer.Close() }()
	payments := &fakePayments{found: true}
	b.join(&Settler{Payments: payments, Means: fakeMeans{payment.PG: true}, Dead: writer, Log: slog.New(slog.DiscardHandler)})
	b.produce(7, "poison", `{"v":1,"payment_id":"42"}`)
	eventually(t, "the offset is past both", func() bool { return b.committed(7) == 2 })

	reader := kafka.NewReader(kafka.ReaderConfig{Brokers: []string{b.addr}, Topic: events.DeadLetter, Partition: 0})
	defer func() { _ = reader.Close() }()
	letter, err := reader.ReadMessage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	headers := events.Carrier{Message: &letter}
	if string(letter.Value) != "poison" || headers.Get("from") != topic+"/7/0" || headers.Get("reason") == "" {
		t.Errorf("the dead letter is %q from %q because %q", letter.Value, headers.Get("from"), headers.Get("reason"))
	}
	if len(payments.asked) != 1 || payments.asked[0] != 42 {
		t.Errorf("the domain was asked for %v", payments.asked)
	}
}

func TestMakeTopics_TwiceIsFine_AndAnAbsentBrokerIsAnError(t *testing.T) {
	t.Parallel()
	b := startBroker(t)
	for range 2 {
		if err := MakeTopics(t.Context(), []string{b.addr}, 1, 1, events.Topic, topic); err != nil {
			t.Error(err)
		}
	}
	if err := Reachable(t.Context(), []string{"127.0.0.1:1", b.addr}); err != nil {
		t.Errorf("one of two brokers answers: %v", err)
	}
	for range 3 { // goleak sees what a try leaves behind
		if err := MakeTopics(t.Context(), []string{"127.0.0.1:1"}, 1, 1, topic); err == nil {
			t.Error("topics were made at nobody's")
		}
	}
	if err := Reachable(t.Context(), []string{"127.0.0.1:1"}); err == nil {
		t.Error("nobody is reachable")
	}
}
