package verify

import (
	"context"
	"database/sql"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

func TestMessages_CleanPost_PassesAndCounts(t *testing.T) {
	p := newPost(t)
	v, err := p.verify(t)
	if err != nil {
		t.Fatal(err)
	}
	if v.Verdict != "PASS" {
		t.Fatalf("%+v", v.Invariants)
	}
	m := v.Messages
	if m.Rows != others+1 || m.Records != others+1 || m.Repeated != 0 || m.DeadLetters != 0 || m.StaysByCause["message"] != 1 || m.StaysByCause["expired"] != others {
		t.Errorf("%+v", m)
	}
	if got := v.invariant(11).Checked; got != 3*(others+1)+partitions {
		t.Errorf("%d checked", got)
	}
}

// What a healthy system may do.
func TestMessages_WhatIsAllowed_IsCounted(t *testing.T) {
	for name, of := range map[string]struct {
		plant func(p *post)
		count func(m *Messages) bool
	}{
		"the relay sends twice":       {func(p *post) { p.sends(2, other(0)); p.sends(0, other(0)); p.sends(1, p.payments[async].ID) }, func(m *Messages) bool { return m.Repeated == 3 }},
		"a second row":                {func(p *post) { p.accepts(other(1), 1) }, func(m *Messages) bool { return m.Rows == others+2 }},
		"a dead letter of no payment": {func(p *post) { p.putsAside("there is no payment 77", p.sends(1, 77), "77", "-") }, func(m *Messages) bool { return m.DeadLetters == 1 }},
		"a dead letter of nonsense": {func(p *post) {
			p.putsAside("not JSON", p.produces(p.kafka.Topic, 1, "", "{"), "", "{")
		}, func(m *Messages) bool { return m.DeadLetters == 1 && m.Records == others+2 }},
		"rows that were swept": {func(p *post) {
			p.drop(other(3))
			p.agedDay(other(3))
		}, func(m *Messages) bool { return m.Swept == 1 && m.Repeated == 1 }},
		"a deferral": {func(p *post) { p.defers() }, func(m *Messages) bool { return m.StaysByCause["deferred"] == 1 && m.StaysByCause["message"] == 1 }},
		"a rescue, the broker was away": {func(p *post) {
			p.payments[async].Events[1].Cause = "rescued"
			p.scope.RescueExpected = true
		}, func(m *Messages) bool { return m.StaysByCause["rescued"] == 1 }},
		"a payment whose day was archived": {func(p *post) {
			p.sends(0, 4000)
			p.alsoRuns("INSERT INTO archive_day (day, first_id, until_id, step) VALUES ('1970-01-01', 3000, 5000, 'DONE')")
		}, func(m *Messages) bool { return m.Archived == 1 }},
		"an earlier run's row, sent before this run": {func(p *post) {
			p.payments = append(p.payments, &Payment{ID: firstID - 5, Merchant: 1, Order: "old", Amount: 1, Currency: "KRW", Mode: "ASYNC", State: "ACCEPTED"})
			p.rows = append(p.rows, outboxRow{payment: firstID - 5, sent: true, place: place{0, 0}})
		}, func(m *Messages) bool { return m.Rows == others+1 }},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPost(t)
			of.plant(p)
			v, err := p.verify(t)
			if err != nil {
				t.Fatal(err)
			}
			if v.Violated(11) != 0 || !of.count(v.Messages) {
				t.Errorf("%+v, %+v", v.Messages, v.invariant(11).Offenders)
			}
		})
	}
}

// defers sends the asynchronous payment back to ACCEPTED once.
func (p *post) defers() {
	of := p.payments[async]
	of.Events = slices.Insert(of.Events, 2, Event{From: "PROCESSING", To: "ACCEPTED", Cause: "deferred", States: "PENDING", At: of.Events[1].At},
		Event{From: "ACCEPTED", To: "PROCESSING", Cause: "deferred", States: "PENDING", At: of.Events[1].At})
	for i := range of.Events {
		of.Events[i].Seq = uint32(i + 1)
	}
	of.Version += 2
	of.Callbacks[0].Version += 2
	p.line("w", async).Revision += 2
}

// agedDay makes a payment older than a day.
func (p *post) agedDay(payment uint64) {
	p.alsoRuns("UPDATE payment SET created_at = NOW(6) - INTERVAL 25 HOUR WHERE id = " + strconv.FormatUint(payment, 10))
}

var messageBugs = []struct {
	name    string
	payment uint64 // that is to be named; 0: none
	what    string // what is said of it
	plant   func(p *post)
}{
	{"a row that was never sent", other(4), "never sent", func(p *post) { p.row(other(4)).sent = false }},
	{"no row of an asynchronous payment", other(5), "no row", func(p *post) { p.drop(other(5)) }},
	{"a row of a synchronous payment", firstID + paid<<22, "is SYNC", func(p *post) { p.accepts(p.payments[paid].ID, 0) }},
	{"a row without a payment", firstID + 200<<22, "there is no payment", func(p *post) {
		p.accepts(firstID+200<<22, 0)
		p.putsAside("there is no payment", p.row(firstID+200<<22).place, "-", "-")
	}},
	{"a record that is missing at the end", other(39), "has none there", func(p *post) { p.row(other(39)).offset += 5 }},
	{"a record that is another payment's", other(6), "which is about payment " + strconv.FormatUint(other(9), 10), func(p *post) {
		p.row(other(6)).place, p.row(other(9)).place = p.row(other(9)).place, p.row(other(6)).place
	}},
	{"a row that names a record of before the run", other(7), "older than the run", func(p *post) { p.row(other(7)).place = place{0, 1} }},
	{"a row that names a partition that is none", other(7), "has none there", func(p *post) { p.row(other(7)).place = place{7, 1} }},
	{"two rows of one record", other(8), "so does another row", func(p *post) { p.rows = append(p.rows, *p.row(other(8))) }},
	{"a record of no payment", 77, "no such payment", func(p *post) { p.sends(2, 77) }},
	{"a record of a synchronous payment", firstID + paid<<22, "it is SYNC", func(p *post) { p.sends(2, p.payments[paid].ID) }},
	{"a record that names nothing", 0, "names no payment", func(p *post) { p.produces(p.kafka.Topic, 0, "x", "x") }},
	{"a record whose key is another's", 0, "its key", func(p *post) { p.produces(p.kafka.Topic, 0, "5", `{"v":1,"payment_id":"6"}`) }},
	{"a dead letter without its cause", 78, "why it was put aside", func(p *post) {
		p.putsAside("", p.sends(1, 78), "78", `{"v":1,"payment_id":"78"}`)
	}},
	{"a dead letter of nobody knows what", 0, "which record", func(p *post) {
		p.produces(p.kafka.DeadLetters, 0, "", "", kgo.RecordHeader{Key: "reason", Value: []byte("who knows")})
	}},
	{"a dead letter of a payment that is there", other(10), "which is there", func(p *post) {
		p.putsAside("there is no such payment", p.row(other(10)).place, "-", "-")
	}},
	{"an offset that is not committed", 0, "has committed", func(p *post) { p.commit[1] = p.sent[1] - 1 }},
	{"nothing is committed", 0, "has committed -1", func(p *post) { p.commit[2] = -1 }},
	{"an offset beyond the end is committed", 0, "has committed", func(p *post) { p.commit[0] = p.sent[0] + 3 }},
	{"two events end one stay", firstID + async<<22, "had ended before", func(p *post) {
		p.defers()
		p.payments[async].Events[2].To = "PROCESSING"
	}},
	{"a stay without an end", firstID + async<<22, "no end", func(p *post) { p.payments[async].Events[1].From = "PROCESSING" }},
	{"a stay that ends without a cause", firstID + async<<22, "is none for that", func(p *post) { p.payments[async].Events[1].Cause = "inquiry" }},
	{"a stay that expires into PROCESSING", firstID + async<<22, "is none for that", func(p *post) { p.payments[async].Events[1].Cause = "expired" }},
	{"a rescue", firstID + async<<22, "was rescued", func(p *post) { p.payments[async].Events[1].Cause = "rescued" }},
}

func TestMessages_PlantedBug_IsCaughtAndNamed(t *testing.T) {
	for _, b := range messageBugs {
		t.Run(b.name, func(t *testing.T) {
			p := newPost(t)
			b.plant(p)
			v, err := p.verify(t)
			if err != nil {
				t.Fatal(err)
			}
			i := v.invariant(11)
			found := slices.IndexFunc(i.Offenders, func(o Offender) bool { return o.id == b.payment && strings.Contains(o.What, b.what) })
			if found < 0 || v.Verdict != "FAIL" {
				t.Fatalf("not caught: %d violations, %+v", i.Violated, i.Offenders)
			}
			if b.payment >= other(0) && b.payment < other(others) && len(i.Offenders[found].Kafka) == 0 {
				t.Errorf("its history has no record: %+v", i.Offenders[found])
			}
		})
	}
}

func TestMessages_CommitThatComesLate_IsWaitedFor(t *testing.T) {
	p := newPost(t)
	p.commit[1] = p.sent[1] - 1
	p.kafka.Patience = time.Minute
	fill := p.also
	p.also = func(t *testing.T, db *sql.DB) {
		fill(t, db)
		late := time.AfterFunc(300*time.Millisecond, func() { p.commits(1, p.sent[1]) })
		t.Cleanup(func() { late.Stop() })
	}
	v, err := p.verify(t)
	if err != nil || v.Violated(11) != 0 {
		t.Fatalf("%v, %+v", err, v)
	}
}

// Without the broker there is no verdict, and the error names it.
func TestMessages_BrokerThatDoesNotAnswer_IsNoVerdict(t *testing.T) {
	p := newPost(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close() // nobody is there
	p.kafka.Brokers = []string{address}
	if v, err := p.verify(t); err == nil || !strings.Contains(err.Error(), address) {
		t.Errorf("%v, %v", v, err)
	}
	if _, err := p.kafka.Ends(t.Context()); err == nil || !strings.Contains(err.Error(), "KAFKA_BROKERS") {
		t.Errorf("%v", err)
	}
}

func TestMessages_TopicThatIsNotThere_IsNoVerdict(t *testing.T) {
	p := newPost(t)
	p.kafka.Topic = "nobody-made-it"
	if _, err := p.kafka.Ends(t.Context()); err == nil || !strings.Contains(err.Error(), "nobody-made-it") || !strings.Contains(err.Error(), "worker") {
		t.Errorf("%v", err)
	}
}

func TestLag_CountsWhatIsNotCommitted(t *testing.T) {
	p := newPost(t)
	want := p.sent[0] + p.sent[1] + p.sent[2]
	if lag, err := p.kafka.Lag(t.Context()); err != nil || lag != want {
		t.Errorf("a group that nobody knows: %d, %v; want %d", lag, err, want)
	}
	p.commits(1, p.sent[1]-4)
	want -= p.sent[1] - 4
	if lag, err := p.kafka.Lag(context.Background()); err != nil || lag != want {
		t.Errorf("%d, %v; want %d", lag, err, want)
	}
}
