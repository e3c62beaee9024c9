package verify

import (
	"database/sql"
	"maps"
	"os"
	"slices"
	"testing"
)

// newLongAgo is a world whose whole run has been archived since.
func newLongAgo(t *testing.T) *past {
	t.Helper()
	p := newPast(t)
	p.payments = p.payments[:second+1]
	p.until = firstID << 1
	return p
}

func TestArchived_RunThatIsArchived_IsJudgedAsIfItWereLive(t *testing.T) {
	live, err := newWorld().verify(t)
	if err != nil {
		t.Fatal(err)
	}
	archived, err := newLongAgo(t).verify(t)
	if err != nil {
		t.Fatal(err)
	}
	if archived.Verdict != "PASS" || archived.Unread != 0 || archived.Payments != live.Payments {
		t.Errorf("%+v", archived)
	}
	if got, want := checks(archived), checks(live); !maps.Equal(got, want) {
		t.Errorf("checked %v, want %v", got, want)
	}
}

func checks(v *Verdict) map[int]int64 {
	checked := map[int]int64{}
	for _, i := range v.Invariants {
		if i.Number != 14 {
			checked[i.Number] = i.Checked
		}
	}
	return checked
}

func TestArchived_BugInAnArchivedRun_IsCaughtAsIfItWereLive(t *testing.T) {
	for _, b := range slices.Concat(chargeBugs[:2], cancellationBugs[:1], ledgerBugs[:1], clientBugs[:1], historyBugs[:1], callbackBugs[:1]) {
		t.Run(b.name, func(t *testing.T) {
			p := newLongAgo(t)
			b.plant(p.world)
			v, err := p.verify(t)
			if err != nil {
				t.Fatal(err)
			}
			if v.Violated(b.invariant) == 0 {
				t.Errorf("invariant %d has not caught it: %+v", b.invariant, v.Invariants)
			}
		})
	}
}

// What nobody can read is neither lost nor found.
func TestArchived_ExportThatCannotBeRead_LeavesItsPaymentsOut(t *testing.T) {
	for name, of := range map[string]struct {
		spoil  func(p *past)
		unread int64
	}{
		"not on this machine": {func(p *past) { _ = os.RemoveAll(p.archive) }, second + 1},
		"a file is missing":   {func(p *past) { _ = os.Remove(p.file("refund.ndjson.gz")) }, second + 1},
		"a file is no gzip":   {func(p *past) { _ = os.WriteFile(p.file("payment_leg.ndjson.gz"), []byte("oops"), 0o600) }, second + 1},
		"a row is torn": {func(p *past) {
			rows := p.reads(p.file("payment.ndjson.gz"))
			p.writes(p.file("payment.ndjson.gz"), rows[0]+rows[1]+"{")
		}, second + 1},
	} {
		t.Run(name, func(t *testing.T) {
			p := newLongAgo(t)
			p.after = func(*sql.DB) { of.spoil(p) }
			v, err := p.verify(t)
			if err != nil {
				t.Fatal(err)
			}
			if v.Unread != of.unread || v.Violations() != v.Violated(14) {
				t.Errorf("%d unread, %+v", v.Unread, v.Invariants)
			}
		})
	}
}

func TestPayments_LiveBeforeAndAfterAnArchivedDay_ComeInOrder(t *testing.T) {
	p := newPast(t)
	p.until = secondDay
	p.payments = append(p.payments, &Payment{ID: lastDay + 5, Merchant: 1, Order: "x", Amount: 1, Currency: "KRW", Mode: "SYNC", State: "FAILED"})
	p.scope.FromID = 0 // the past is the run's too, so it is judged: its legs have no charge in the book
	v, err := p.verify(t)
	if err != nil {
		t.Fatal(err)
	}
	if v.Payments != 9+20+1 || v.Unread != 0 {
		t.Errorf("%d payments, %d unread", v.Payments, v.Unread)
	}
	if got, want := v.Violated(2), int64(20+18); got != want { // captured legs and refunds are in no book
		t.Errorf("%d phantoms, want %d", got, want)
	}
}

func FuzzDecodeExportedPayment(f *testing.F) {
	f.Add([]byte(`{"id":"5","merchant_id":1,"order_id":"o","amount":5,"key_hash":"00"}`))
	f.Add([]byte(`{"payment_id":"5","seq":1,"at":"2026-11-23T08:42:34.413894Z","legs":"HELD,PENDING"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		row, err := decodeExportedPayment(text)
		if err != nil {
			return
		}
		found := page{}
		if row.ID != 0 {
			found[row.ID] = row.payment()
		} else {
			for _, table := range tables[1:] {
				row.hang(table.name, found)
			}
		}
		if len(found) != 1 || found.sorted()[0].ID != row.id() {
			t.Errorf("%+v", found)
		}
	})
}
