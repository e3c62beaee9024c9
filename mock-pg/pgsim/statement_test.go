package pgsim

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gazua.example/mock-pg/pgsim/book"
	"gazua.example/mock-pg/pgsim/script"
)

// statement is the whole text of one.
func (b *bench) statement(means, date string) string {
	b.t.Helper()
	of, err := parseDay(date)
	if err != nil {
		b.t.Fatal(err)
	}
	var text bytes.Buffer
	if err := b.engines[means].writeStatement(of, bufio.NewWriter(&text)); err != nil {
		b.t.Fatal(err)
	}
	return text.String()
}

// totals is the last line of a statement.
type totals struct {
	Kind     string
	Count    int
	Captures int64 `json:"sum_captures"`
	Refunds  int64 `json:"sum_refunds"`
}

// daysOf is every day in Seoul on which something was booked, and one more.
func daysOf(entries []book.Entry) []string {
	days := []string{"2026-01-01"}
	for _, e := range entries {
		if day := e.At.Add(9 * time.Hour).Format(time.DateOnly); !slices.Contains(days, day) {
			days = append(days, day)
		}
	}
	return days
}

// checkStatements compares the statements of some days with the book, and returns them all.
func (b *bench) checkStatements(t fataler, days []string) (all []string) {
	entries := b.entries()
	for _, date := range days {
		for _, means := range []string{PG, Point, Coupon} {
			text := b.statement(means, date)
			lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
			var end totals
			if err := json.Unmarshal([]byte(lines[len(lines)-1]), &end); err != nil {
				t.Fatal(err)
			}
			if want := totalsByEntries(entries, means, date); end != want || len(lines) != want.Count+1 {
				t.Fatalf("%s of %s: the book says %+v, the statement\n%s", means, date, want, text)
			}
			all = append(all, text)
		}
	}
	return all
}

func totalsByEntries(entries []book.Entry, means, date string) totals {
	want := totals{Kind: "end"}
	voided := map[uint64]bool{}
	for _, e := range entries {
		if e.Effect == book.Voided {
			voided[e.Transaction] = true
		}
	}
	for _, e := range entries {
		if e.Means != means || e.At.Add(9*time.Hour).Format(time.DateOnly) != date {
			continue
		}
		switch e.Effect {
		case book.Charged, book.Captured:
			if !voided[e.Transaction] {
				want.Count++
				want.Captures += e.Amount
			}
		case book.Refunded:
			want.Count++
			want.Refunds += e.Amount
		}
	}
	return want
}

func TestStatement_TellsWhatWasBookedThatDayInSeoul_AndWasNotVoided(t *testing.T) {
	b := newBench(t, t.TempDir())
	defer b.close()
	at := func(text string) {
		moment, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		b.now.Store(moment.UnixNano())
	}
	at("2026-01-02T23:59:59+09:00")
	b.do(PG, script.Charge, "1.1", plainToken)
	b.do(PG, script.Charge, "2.1", plainToken)
	b.do(PG, script.Charge, "3.1", "gz1;charge=decline")
	b.do(Point, script.Reserve, "1.2", plainToken)
	at("2026-01-03T00:00:00+09:00")
	b.do(Point, script.Confirm, "1.2", "")
	b.do(PG, script.Void, "2.1", "")
	b.refund(PG, "1.1.1", "1.1", 40)
	b.refund(PG, "1.1.2", "1.1", 61) // one too many
	for _, c := range []struct{ means, date, want string }{
		{PG, "2026-01-02", `{"kind":"capture","reference":"1.1","transaction_id":"t-1","amount":100,"currency":"KRW","booked_at":"2026-01-02T14:59:59Z"}
{"kind":"end","count":1,"sum_captures":100,"sum_refunds":0}
`},
		{PG, "2026-01-03", `{"kind":"refund","reference":"1.1.1","original":"1.1","transaction_id":"t-7","amount":40,"currency":"KRW","booked_at":"2026-01-02T15:00:00Z"}
{"kind":"end","count":1,"sum_captures":0,"sum_refunds":40}
`},
		{Point, "2026-01-02", `{"kind":"end","count":0,"sum_captures":0,"sum_refunds":0}
`},
		{Point, "2026-01-03", `{"kind":"capture","reference":"1.2","transaction_id":"t-4","amount":100,"currency":"KRW","booked_at":"2026-01-02T15:00:00Z"}
{"kind":"end","count":1,"sum_captures":100,"sum_refunds":0}
`},
		{Coupon, "9999-12-31", `{"kind":"end","count":0,"sum_captures":0,"sum_refunds":0}
`},
	} {
		if got := b.statement(c.means, c.date); got != c.want {
			t.Errorf("%s of %s:\n%swant\n%s", c.means, c.date, got, c.want)
		}
	}
}

func TestStatement_ADateThatIsNoneIsRefused(t *testing.T) {
	for _, text := range []string{"", "2026-1-2", "20260102", "2026-02-30", "2026-01-02T00:00:00Z", " 2026-01-02", "0"} {
		if of, err := parseDay(text); err == nil {
			t.Errorf("%q is read as %+v", text, of)
		}
	}
}

// What was there when the statement began is told once, while others pay, however the maps grow meanwhile.
func TestStatement_WhilePaymentsGoOn_TellsWhatWasThereOnce(t *testing.T) {
	b := newBench(t, t.TempDir())
	defer b.close()
	const before = 20_000 // a few breaths a shard
	r := b.request(script.Charge, "", plainToken)
	for n := range before {
		r.Reference = fmt.Sprintf("%d.1", n)
		if _, err := b.engines[PG].take(r); err != nil {
			t.Fatal(err)
		}
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		other := *r
		for n := before; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			other.Reference = fmt.Sprintf("%d.1", n)
			if _, err := b.engines[PG].take(&other); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	text := b.statement(PG, "2026-01-02")
	close(stop)
	<-stopped
	told := map[string]int{}
	for line := range strings.Lines(text) {
		var l struct{ Reference string }
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		told[l.Reference]++
	}
	for n := range before {
		if reference := fmt.Sprintf("%d.1", n); told[reference] != 1 {
			t.Fatalf("%s is told %d times", reference, told[reference])
		}
	}
}
