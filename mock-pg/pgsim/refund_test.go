package pgsim

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"gazua.example/mock-pg/pgsim/script"
)

// captured brings money of a reference to where it can be refunded.
func (b *bench) captured(means, reference, token string) {
	b.t.Helper()
	ops := []script.Op{script.Reserve, script.Confirm}
	if means == PG {
		ops = []script.Op{script.Charge}
	}
	for _, op := range ops {
		b.do(means, op, reference, token)
	}
}

func (b *bench) refundJSON(means, name, original string, amount int64) string {
	b.t.Helper()
	done := b.take(means, refundRequest(name, original, amount))
	return string(done.answer.appendJSON(nil, name))
}

func TestRefund_TheFirstResultIsGivenForEver(t *testing.T) {
	for _, means := range []string{PG, Point, Coupon} {
		t.Run(means, func(t *testing.T) {
			dir := t.TempDir()
			b := newBench(t, dir)
			b.refund(means, "1.1.1", "1.1", 10) // nothing is captured yet
			b.captured(means, "1.1", plainToken)
			b.refund(means, "1.1.2", "1.1", 70)
			b.refund(means, "1.1.3", "1.1", 70) // more than is left
			b.refund(means, "1.1.4", "1.1", 30)
			names := map[string]int64{"1.1.1": 10, "1.1.2": 70, "1.1.3": 70, "1.1.4": 30}
			again := func() (all []string) {
				b.pass(time.Hour)
				for name, amount := range names {
					all = append(all, b.refundJSON(means, name, "1.1", amount))
				}
				slices.Sort(all)
				return all
			}
			entries := len(b.entries())
			first := again()
			seq := entries - 2 // of the refund of 70: a refused one and one of 30 follow
			want := []string{
				`{"result":"refunded","reference":"1.1.2","transaction_id":"t-` + fmt.Sprint(seq) + `","amount":70,"currency":"KRW","booked_at":"2026-01-02T03:04:05Z"}`,
				`{"result":"refunded","reference":"1.1.4","transaction_id":"t-` + fmt.Sprint(seq+2) + `","amount":30,"currency":"KRW","booked_at":"2026-01-02T03:04:05Z"}`,
				`{"result":"refused","reference":"1.1.1","code":"not_found"}`,
				`{"result":"refused","reference":"1.1.3","code":"exceeds"}`,
			}
			if !slices.Equal(first, want) {
				t.Errorf("got  %s\nwant %s", first, want)
			}
			b.close()
			b = newBench(t, dir)
			defer b.close()
			if got := again(); !slices.Equal(got, want) {
				t.Errorf("after a restart\n%s\nwant\n%s", got, want)
			}
			if got := len(b.entries()); got != entries {
				t.Errorf("asking again booked %d entries", got-entries)
			}
		})
	}
}

func TestRefund_AnotherRequestUnderAKnownName_IsRefused_AndNotRemembered(t *testing.T) {
	b := newBench(t, t.TempDir())
	defer b.close()
	b.captured(PG, "1.1", plainToken)
	b.captured(PG, "2.1", plainToken)
	b.refund(PG, "1.1.1", "1.1", 40)
	entries := len(b.entries())
	for what, r := range map[string]request{
		"amount":   {Original: "1.1", Amount: 41, Currency: "KRW"},
		"currency": {Original: "1.1", Amount: 40, Currency: "USD"},
		"original": {Original: "2.1", Amount: 40, Currency: "KRW"},
		"stranger": {Original: "9.9", Amount: 40, Currency: "KRW"},
	} {
		r.op, r.Reference = script.Refund, "1.1.1"
		if got := b.run(PG, &r); got != "refused:another_request" {
			t.Errorf("another %s: %s", what, got)
		}
	}
	if got := b.refund(PG, "1.1.1", "1.1", 40); got != "refunded" || len(b.entries()) != entries {
		t.Errorf("the first request again: %s, %d more entries", got, len(b.entries())-entries)
	}
	if _, there := b.engines[PG].shard(hashOf("9.9")).records["9.9"]; there {
		t.Error("a refusal that is not remembered left a record behind")
	}
}

func TestRefund_OfAnotherCurrency_FindsNothing(t *testing.T) {
	b := newBench(t, t.TempDir())
	defer b.close()
	b.captured(PG, "1.1", plainToken)
	r := refundRequest("1.1.1", "1.1", 40)
	r.Currency = "USD"
	if got := b.run(PG, r); got != "refused:not_found" {
		t.Error(got)
	}
}

// A second charge of a reference is somebody's mistake. Money goes back on the first one that is live, and only so much.
func TestRefund_OfAReferenceThatWasChargedTwice_IsOfTheOldestThatIsLive(t *testing.T) {
	b := newBench(t, t.TempDir())
	defer b.close()
	b.walk(PG, "charge void charge charge")
	for name, want := range map[string]string{"1.1.1": "refunded", "1.1.2": "refused:exceeds"} {
		if name == "1.1.2" {
			b.refund(PG, "1.1.1", "1.1", 60)
		}
		if got := b.refund(PG, name, "1.1", 60); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestRefund_TheOriginalsTokenDecides_AndStepsAreCountedForEachName(t *testing.T) {
	const token = "gz1;refund=silent,decline:closed,silent:after"
	for _, means := range []string{PG, Point, Coupon} {
		dir := t.TempDir()
		b := newBench(t, dir)
		b.captured(means, "1.1", token)
		step := func(name, want string) {
			t.Helper()
			done := b.take(means, refundRequest(name, "1.1", 10))
			got := done.step.Name
			if done.step.Decided() {
				got += short(&done.answer)
			}
			if got != want {
				t.Errorf("%s %s: %s, want %s", means, name, got, want)
			}
		}
		step("1.1.1", "silent")               // strikes before: nothing is booked
		step("1.1.1", "refused:closed")       // the first result
		step("1.1.1", "silentrefused:closed") // strikes after: the first result, never told
		step("1.1.2", "silent")               // another name starts anew
		step("1.1.2", "refused:closed")       // booked as its second request …
		b.close()                             //
		b = newBench(t, dir)                  //
		step("1.1.2", "silentrefused:closed") // … so a restart goes on with the third
		if got := b.booked("1.1"); got[len(got)-1] != "refused" || !slices.Contains(got, "refused") {
			t.Errorf("%s booked %v", means, got)
		}
		b.close()
	}
}

// Many ask at once, under one name for two originals, and under many names for more than there is.
func TestRefund_AtOnce_EachNameIsBookedOnce_AndNoMoreThanWasCaptured(t *testing.T) {
	b := newBench(t, t.TempDir())
	defer b.close()
	for round := range 50 {
		originals := []string{fmt.Sprintf("%d.1", round), fmt.Sprintf("%d.2", round)}
		for _, original := range originals {
			b.captured(PG, original, plainToken)
		}
		var asking sync.WaitGroup
		start := make(chan struct{})
		for i := range 8 {
			for _, name := range []string{"shared", fmt.Sprint(i)} {
				asking.Go(func() {
					<-start
					if _, err := b.engines[PG].take(refundRequest(fmt.Sprintf("%d.x.%s", round, name), originals[i%2], 30)); err != nil {
						t.Error(err)
					}
				})
			}
		}
		close(start)
		asking.Wait()
	}
	b.flush()
	entries := b.entries()
	if wrong := wrongRefund(entries); wrong != "" {
		t.Error(wrong)
	}
	if got, want := liveByEntries(entries).refunded, int64(50*2*90); got != want { // three of 30 from each 100
		t.Errorf("%d went back, want %d", got, want)
	}
	if d := difference(money(b.engines), money(rebuilt(t, entries, b.clock, cards{}))); d != "" {
		t.Errorf("after a restart it would be another state: %s", d)
	}
}
