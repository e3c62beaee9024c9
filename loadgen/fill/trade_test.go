package fill

import (
	"crypto/sha256"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func aStep(t *rapid.T) *step {
	days := rapid.Int64Range(1, MostDays).Draw(t, "days")
	start := idEpoch.Add(time.Duration(rapid.Int64Range(0, 300*24*3600*1000).Draw(t, "start")) * time.Millisecond)
	return &step{
		number: rapid.IntRange(0, mostSteps-1).Draw(t, "number"), payments: rapid.Int64Range(1, 3_000).Draw(t, "payments"),
		start: start, end: start.Add(time.Duration(days) * day), merchants: []uint32{1, 2, 9}[:rapid.IntRange(1, 3).Draw(t, "merchants")],
		keysFrom: start.Add(time.Duration(rapid.Int64Range(0, days*24).Draw(t, "keys")) * time.Hour),
	}
}

// Payments of a step are ordered by time, each in the step's own part of a day, no two in the same millisecond.
func TestStep_LiesInItsPartOfEachDay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := aStep(t)
		var before paid
		for i := range s.payments {
			p := s.payment(i)
			if i > 0 && p.id <= before.id {
				t.Fatalf("payment %d has id %d after %d", i, p.id, before.id)
			}
			if at := s.at(i); at.Before(s.start) || !at.Before(s.end) || int(at.Sub(s.start)%day/part) != s.number || timeOf(p.id) != at {
				t.Fatalf("payment %d of fill %d at %s, from %s to %s", i, s.number, at, s.start, s.end)
			}
			if p.amount < 1_000 || p.amount > 100_000 {
				t.Fatalf("amount %d", p.amount)
			}
			before = p
		}
	})
}

// Even the densest fill that is allowed gives each payment a millisecond of its own.
func TestStep_TheDensest_HasNoTwoOfOneID(t *testing.T) {
	s := &step{payments: MostADay, start: idEpoch, end: idEpoch.Add(day), merchants: []uint32{1}}
	for i := int64(1); i < s.payments; i += 97 {
		if s.payment(i).id <= s.payment(i-1).id {
			t.Fatalf("payments %d and %d have the ids %d and %d", i-1, i, s.payment(i-1).id, s.payment(i).id)
		}
	}
}

// All tasks together write each payment once into each table, day by day, and the keys of the young ones only.
func TestTasks_WriteEachPaymentOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := aStep(t)
		written := map[string][]int64{}
		for _, task := range s.tasks() {
			for i := task.first; i < task.until; i += task.every {
				written[task.rows.table] = append(written[task.rows.table], i)
			}
			if n := task.payments(); n == 0 {
				t.Fatalf("an empty task of %s", task.rows.table)
			}
			first, last := s.at(task.first), s.at(task.until-1)
			if ranged := slices.Contains(cut, task.rows.table); ranged && !first.Truncate(day).Equal(last.Truncate(day)) {
				t.Fatalf("a task of %s goes from %s to %s", task.rows.table, first, last)
			}
		}
		for _, table := range tables {
			slices.Sort(written[table])
			for n, i := range written[table] {
				want := int64(n)
				if table == "idempotency_key" {
					want += s.from(s.keysFrom)
				}
				if i != want {
					t.Fatalf("%s: %d stands where %d belongs", table, i, want)
				}
			}
			if want := s.payments; table != "idempotency_key" && int64(len(written[table])) != want || table == "idempotency_key" && int64(len(written[table])) != want-s.from(s.keysFrom) {
				t.Fatalf("%s has %d of %d payments", table, len(written[table]), s.payments)
			}
		}
	})
}

// The same request with the same key is a replay for the system: hashes and answer are those that it makes.
func TestStep_KeyAndAnswer_AreTheSystems(t *testing.T) {
	s := &step{number: 1, payments: 10, start: idEpoch.Add(100 * day), end: idEpoch.Add(101 * day), merchants: []uint32{1}}
	p := s.payment(3)
	p.amount = 91182
	p.random = 14314371232039696323
	if got, want := s.keyHash(3), sha256.Sum256([]byte("POST\n/v1/payments\nkey-fill-b-00000003")); got != want {
		t.Errorf("key %x, want %x", got, want)
	}
	const request = `{"order_id":"fill-b-00000003","amount":91182,"currency":"KRW","legs":[{"means":"PG","amount":91182,"token":"gz1;seed=14314371232039696323;charge=ok@fixed/0s"}]}`
	if got, want := s.requestHash(&p), sha256.Sum256([]byte(request)); got != want {
		t.Errorf("request %x, want %x", got, want)
	}
	const answer = `{"id":"36299939516506112","order_id":"fill-b-00000003","status":"PAID","amount":91182,"currency":"KRW","canceled_amount":0,` +
		`"legs":[{"means":"PG","amount":91182,"status":"CAPTURED"}],"created_at":"2026-04-11T04:03:00Z","version":2}`
	if got := string(s.answer(nil, &p)); got != answer {
		t.Errorf("answer\n%s, want\n%s", got, answer)
	}
}

func TestSplits_CutWhatIsWider(t *testing.T) {
	there := []border{{"p0", 1}, {"p20261123", 1_000}, {"p20261124", 2_000}}
	wanted := []border{{"p20261121", 800}, {"p20261122", 900}, {"p20261123", 1_000}}
	const want = "ALTER TABLE payment REORGANIZE PARTITION p20261123 INTO (PARTITION p20261121 VALUES LESS THAN (800), PARTITION p20261122 VALUES LESS THAN (900), PARTITION p20261123 VALUES LESS THAN (1000))"
	if got := splits("payment", there, wanted); len(got) != 1 || got[0] != want {
		t.Errorf("%q", got)
	}
	if got := splits("payment", append([]border{{"p0", 1}, {"p20261121", 800}, {"p20261122", 900}}, there[1:]...), wanted); len(got) != 0 {
		t.Errorf("cut again: %q", got)
	}
}

func TestCheck_TellsAllFaults(t *testing.T) {
	err := Options{Payments: 0, Days: 90, Connections: 99}.Check()
	for _, mention := range []string{"--payments must be from 1 to 50000000", "--days must be from 1 to 60", "--connections"} {
		if err == nil || !strings.Contains(err.Error(), mention) {
			t.Errorf("err = %v, want one that names %q", err, mention)
		}
	}
	if err := (Options{Payments: 20_000_000, Days: 1, Connections: 1}).Check(); err == nil || !strings.Contains(err.Error(), "each of the --days") {
		t.Errorf("err = %v", err)
	}
}

func TestRoom_RefusesWhatDoesNotFit(t *testing.T) {
	if err := enough("/data", 20<<30, 10_000_000); err != nil {
		t.Error(err)
	}
	if err := enough("/data", 10<<30, 10_000_000); err == nil || !strings.Contains(err.Error(), "10000000 more payments need 13.2 GiB, and /data has 10.0 GiB free") {
		t.Errorf("err = %v", err)
	}
	if err := enough("/data", 0, 0); err != nil {
		t.Errorf("nothing needs nothing: %v", err)
	}
}
