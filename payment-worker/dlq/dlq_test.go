package dlq

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"go.uber.org/goleak"

	"gazua.example/infra/stack/stacktest"
	"gazua.example/payment-api/events"
	"gazua.example/payment-worker/consume"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start makes a broker with both topics.
func start(t *testing.T) (brokers []string, letters *Letters) {
	t.Helper()
	addr, stop, err := stacktest.StartBroker(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	if err := consume.MakeTopics(t.Context(), []string{addr}, events.Partitions, 1, events.Topic, events.DeadLetter); err != nil {
		t.Fatal(err)
	}
	return []string{addr}, reach(t, addr)
}

func reach(t *testing.T, addr string) *Letters {
	l := Open([]string{addr})
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// die writes dead letters into one partition.
func die(t *testing.T, l *Letters, partition int, values ...string) {
	t.Helper()
	records := make([]kafka.Record, len(values))
	for i, value := range values {
		records[i] = kafka.Record{Key: kafka.NewBytes([]byte("k-" + value)), Value: kafka.NewBytes([]byte(value)), Time: time.Now(), Headers: []kafka.Header{
			{Key: "traceparent", Value: []byte("00-01-02-01")}, {Key: events.HeaderReason, Value: []byte("no payment " + value)}, {Key: events.HeaderFrom, Value: []byte("payment.accepted/7/1")},
		}}
	}
	got, err := l.client.Produce(t.Context(), &kafka.ProduceRequest{Topic: events.DeadLetter, Partition: partition, RequiredAcks: kafka.RequireAll, Records: kafka.NewRecordReader(records...)})
	if err != nil || got.Error != nil {
		t.Fatal(err, got)
	}
}

func list(t *testing.T, l *Letters, limit int) (places []string, all int64) {
	t.Helper()
	found, all, err := l.List(t.Context(), limit)
	if err != nil {
		t.Fatal(err)
	}
	for _, letter := range found {
		places = append(places, letter.Place.String()+" "+string(letter.Value))
	}
	slices.Sort(places)
	return places, all
}

// arrived reads what stands on the main topic.
func arrived(t *testing.T, l *Letters) (messages []kafka.Message) {
	t.Helper()
	for partition := range events.Partitions {
		for offset := int64(0); ; {
			got, err := l.client.Fetch(t.Context(), &kafka.FetchRequest{Topic: events.Topic, Partition: partition, Offset: offset, MinBytes: 1, MaxBytes: 1 << 20, MaxWait: 50 * time.Millisecond})
			if err != nil || got.Error != nil {
				t.Fatal(err, got)
			}
			before := offset
			for {
				r, err := got.Records.ReadRecord()
				if err != nil {
					break
				}
				value, _ := bytesOf(r.Value)
				key, _ := bytesOf(r.Key)
				messages = append(messages, kafka.Message{Key: key, Value: value, Headers: r.Headers})
				offset = r.Offset + 1
			}
			if offset == before {
				break
			}
		}
	}
	return messages
}

func TestList_WhatLiesThere_WithWhereItCameFromAndWhy(t *testing.T) {
	_, l := start(t)
	if got, all := list(t, l, 10); len(got) != 0 || all != 0 {
		t.Fatalf("%v of %d where nothing died", got, all)
	}
	die(t, l, 3, "a", "b")
	die(t, l, 11, "c")
	found, all, err := l.List(t.Context(), 10)
	if err != nil || all != 3 || len(found) != 3 {
		t.Fatalf("%d of %d, %v", len(found), all, err)
	}
	first := found[0]
	if first.Place != (Place{3, 0}) || first.Reason != "no payment a" || first.From != "payment.accepted/7/1" || string(first.Key) != "k-a" || time.Since(first.At) > time.Minute {
		t.Errorf("%+v", first)
	}
	if found, all, err = l.List(t.Context(), 2); err != nil || all != 3 || len(found) != 2 {
		t.Errorf("limit 2: %d of %d, %v", len(found), all, err)
	}
}

func TestReplay_One_IsSentAgainAsItWas_AndNotListedAnyMore(t *testing.T) {
	_, l := start(t)
	die(t, l, 3, "a", "b", "c", "d")
	if err := l.Replay(t.Context(), Place{3, 2}); err != nil {
		t.Fatal(err)
	}
	again := arrived(t, l)
	if len(again) != 1 || string(again[0].Value) != "c" || string(again[0].Key) != "k-c" {
		t.Fatalf("%+v", again)
	}
	headers := events.Carrier{Message: &again[0]}
	if headers.Get("traceparent") == "" || headers.Get(events.HeaderReason) != "" || headers.Get(events.HeaderFrom) != "" || headers.Get(events.HeaderReplayed) != "3/2" {
		t.Errorf("headers %v", again[0].Headers)
	}
	if got, all := list(t, l, 10); !slices.Equal(got, []string{"3/0 a", "3/1 b", "3/3 d"}) || all != 3 {
		t.Errorf("listed: %v of %d", got, all)
	}
	for _, gone := range []Place{{3, 4}, {99, 0}} {
		if err := l.Replay(t.Context(), gone); err == nil {
			t.Errorf("%s was replayed and is not there", gone)
		}
	}
}

func TestReplayAll_SendsWhatWasNotReplayed_Once(t *testing.T) {
	_, l := start(t)
	var want []string
	for p := range events.Partitions {
		for i := range 2*batch/events.Partitions + p {
			want = append(want, fmt.Sprint(p, "-", i))
		}
		die(t, l, p, want[len(want)-(2*batch/events.Partitions+p):]...)
	}
	die(t, l, 0, func() (many []string) {
		for i := range 2*batch + 5 {
			many = append(many, fmt.Sprint("many-", i))
		}
		want = append(want, many...)
		return many
	}()...)
	if err := l.Replay(t.Context(), Place{0, 1}); err != nil {
		t.Fatal(err)
	}
	n, err := l.ReplayAll(t.Context())
	if err != nil || n != len(want)-1 {
		t.Fatalf("%d of %d, %v", n, len(want)-1, err)
	}
	var got []string
	for _, m := range arrived(t, l) {
		got = append(got, string(m.Value))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%d arrived, %d died", len(got), len(want))
	}
	if listed, all := list(t, l, 10); len(listed) != 0 || all != 0 {
		t.Errorf("listed after all: %v of %d", listed, all)
	}
	if n, err := l.ReplayAll(t.Context()); n != 0 || err != nil {
		t.Errorf("a second time: %d, %v", n, err)
	}
	die(t, l, 5, "new")
	if listed, all := list(t, l, 10); len(listed) != 1 || all != 1 {
		t.Errorf("a new one: %v of %d", listed, all)
	}
}

// failing sends nothing.
type failing struct{}

func (failing) WriteMessages(context.Context, ...kafka.Message) error { return errors.New("no broker") }

func TestReplay_NotSent_IsNotRemembered(t *testing.T) {
	brokers, l := start(t)
	die(t, l, 3, "a", "b")
	broken := reach(t, brokers[0])
	broken.send = failing{}
	if err := broken.Replay(t.Context(), Place{3, 0}); err == nil {
		t.Error("nothing was sent, and nobody says so")
	}
	if _, err := broken.ReplayAll(t.Context()); err == nil {
		t.Error("nothing was sent, and nobody says so")
	}
	if got, all := list(t, l, 10); len(got) != 2 || all != 2 {
		t.Errorf("listed: %v of %d", got, all)
	}
}

func TestList_NoBroker_IsOneSentence(t *testing.T) {
	l := reach(t, "127.0.0.1:1")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if _, _, err := l.List(ctx, 10); err == nil {
		t.Error("no broker, no error")
	}
}
