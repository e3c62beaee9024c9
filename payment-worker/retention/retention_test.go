package retention_test

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
)

// An old day leaves whole: its rows are exported, counted and gone; younger days are as they were.
func TestLook_OldDay_IsExportedCountedAndDropped(t *testing.T) {
	w := newWorld(t)
	old, failed, young := w.pay(5, payment.Paid), w.pay(5, payment.Failed), w.pay(1, payment.Paid)
	ever := w.number("SELECT COUNT(*) FROM payment")

	report := w.look()
	if len(report.Archived) != 3 || len(report.Kept) != 0 { // six, five and four days ago
		t.Fatalf("archived %+v, kept %v", report.Archived, report.Kept)
	}
	if !w.archived(old.ID) || !w.archived(failed.ID) || w.archived(young.ID) {
		t.Errorf("archived: %t %t, young %t", w.archived(old.ID), w.archived(failed.ID), w.archived(young.ID))
	}
	live, gone := w.number("SELECT COUNT(*) FROM payment"), w.number("SELECT SUM(row_count) FROM archive_total WHERE table_name = 'payment'")
	if live != 1 || live+gone != ever {
		t.Errorf("%d rows live and %d archived of %d ever", live, gone, ever)
	}
	if sum := w.number("SELECT amount FROM archive_total WHERE table_name = 'payment' AND state = 'PAID'"); sum != 100 {
		t.Errorf("PAID sums to %d", sum)
	}
	if sum := w.number("SELECT SUM(amount) FROM archive_total WHERE table_name = 'journal_entry'"); sum != 0 {
		t.Errorf("the archived journal sums to %d", sum)
	}
	for _, table := range []string{"payment", "payment_leg", "payment_event", "journal_entry"} {
		if n := w.number("SELECT COUNT(*) FROM information_schema.partitions WHERE table_schema = DATABASE() AND table_name = ? AND partition_name = ?",
			table, "p"+report.Archived[1].Day.Name()); n != 0 {
			t.Errorf("%s still has the partition", table)
		}
	}
	if n := w.number("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name LIKE 'archive\\_%\\_20%'"); n != 0 {
		t.Errorf("%d private tables are left", n)
	}
	if again := w.look(); len(again.Archived) != 0 {
		t.Errorf("archived again: %+v", again.Archived)
	}
}

// The export can be read without us, is what its manifest says, and holds no payment-method token.
func TestLook_Export_IsWholeAndHoldsNoToken(t *testing.T) {
	w := newWorld(t)
	old := w.pay(5, payment.Paid)
	day := w.look().Archived[1]
	text, err := os.ReadFile(day.File)
	check(t, err)
	if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != day.SHA256 {
		t.Errorf("the manifest is not what was noted in the database")
	}
	var m struct {
		Tables []struct {
			Table, File, SHA256 string
			Rows                int
		}
	}
	check(t, json.Unmarshal(text, &m))
	all := ""
	for _, table := range m.Tables {
		packed, err := os.ReadFile(filepath.Join(filepath.Dir(day.File), table.File))
		check(t, err)
		if sum := sha256.Sum256(packed); hex.EncodeToString(sum[:]) != table.SHA256 {
			t.Errorf("%s is not what the manifest says", table.File)
		}
		file, err := gzip.NewReader(strings.NewReader(string(packed)))
		check(t, err)
		rows := 0
		for lines := bufio.NewScanner(file); lines.Scan(); rows++ {
			var row map[string]any
			check(t, json.Unmarshal(lines.Bytes(), &row))
			all += lines.Text()
		}
		if rows != table.Rows {
			t.Errorf("%s has %d rows, the manifest says %d", table.Table, rows, table.Rows)
		}
	}
	if !strings.Contains(all, `"id":"`+old.ID.String()+`"`) || strings.Contains(all, "tok-secret") {
		t.Errorf("the export: %s", all)
	}
}

// A day with anything that is not final stays, whole; it is said why, and the day after it goes all the same.
func TestLook_DayWithOpenWork_Stays(t *testing.T) {
	w := newWorld(t)
	paid, open, other := w.pay(5, payment.Paid), w.pay(5, payment.Processing), w.pay(4, payment.Paid)
	report := w.look()
	if len(report.Kept) != 1 || !strings.Contains(report.Kept[0].Error(), "open work") {
		t.Fatalf("kept %v", report.Kept)
	}
	if w.archived(paid.ID) || w.archived(open.ID) || !w.archived(other.ID) {
		t.Error("the wrong day was archived")
	}
	if n := w.number("SELECT COUNT(*) FROM payment"); n != 2 {
		t.Errorf("%d payments are there", n)
	}
}

// What the open work does not tell, the rows do: after the exchange a payment that is not final brings its day back.
func TestLook_PaymentNotFinalWithoutOpenWork_IsExchangedBack(t *testing.T) {
	for name, plant := range map[string]func(w *world, id payment.ID) error{
		"payment": func(w *world, id payment.ID) error {
			_, err := w.app.ExecContext(w.t.Context(), "UPDATE payment SET state = 'REVIEW' WHERE id = ?", id)
			return err
		},
		"cancellation": func(w *world, id payment.ID) error {
			_, err := w.app.ExecContext(w.t.Context(), `INSERT INTO cancellation (payment_id, seq, state, version, amount, key_hash, created_at)
				VALUES (?, 1, 'REVIEW', 1, 1, '', UTC_TIMESTAMP(6))`, id)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			p := w.pay(5, payment.Paid)
			check(t, plant(w, p.ID))
			report := w.look()
			if len(report.Kept) != 1 || !strings.Contains(report.Kept[0].Error(), name) {
				t.Fatalf("kept %v", report.Kept)
			}
			for table, rows := range map[string]int64{"payment": 1, "payment_leg": 1, "payment_event": 2, "journal_entry": 2} {
				if n := w.number("SELECT COUNT(*) FROM " + table); n != rows {
					t.Errorf("%s has %d rows, want %d back", table, n, rows)
				}
			}
			if found, err := w.store.Load(t.Context(), []payment.ID{p.ID}); err != nil || len(found) != 1 || w.archived(p.ID) {
				t.Errorf("the payment is not back: %v %v", found, err)
			}
		})
	}
}

// Whoever archives may die between any two steps; the next look ends what was begun, once.
func TestLook_AfterADeathAtAnyStep_EndsTheDay(t *testing.T) {
	steps := []func(a *mysql.Archive, d mysql.Day) error{
		func(a *mysql.Archive, d mysql.Day) error { return a.Exchange(context.Background(), d) },
		func(a *mysql.Archive, d mysql.Day) error {
			return a.Total(context.Background(), d, "lost.json", strings.Repeat("0", 64))
		},
		func(a *mysql.Archive, d mysql.Day) error { return a.Drop(context.Background(), d) },
	}
	for done := range len(steps) + 1 {
		w := newWorld(t)
		w.pay(5, payment.Paid)
		archive := mysql.NewArchive(w.long)
		days, err := archive.Days(t.Context(), w.now.Add(-72*time.Hour))
		check(t, err)
		for _, step := range steps[:done] {
			check(t, step(archive, days[1]))
		}
		w.look()
		if n := w.number("SELECT COUNT(*) FROM archive_day WHERE step = 'DONE'"); n != 3 {
			t.Errorf("after %d steps: %d days are done", done, n)
		}
		if n := w.number("SELECT SUM(row_count) FROM archive_total WHERE table_name = 'payment'"); n != 1 {
			t.Errorf("after %d steps: %d payments were counted", done, n)
		}
		if n := w.number("SELECT COUNT(*) FROM payment"); n != 0 {
			t.Errorf("after %d steps: %d payments are left", done, n)
		}
	}
}

// While days are archived, payments go on: none fails, and none waits for longer than a statement may take. A transaction
// that holds a table for seven seconds makes the DDL wait, and must not make everybody behind the DDL wait with it.
func TestLook_UnderLoad_NoRequestFailsOrTimesOut(t *testing.T) {
	w := newWorld(t)
	for range 50 {
		w.pay(6, payment.Paid)
		w.pay(5, payment.Paid)
		w.pay(4, payment.Paid)
	}
	blocker, err := w.app.BeginTx(t.Context(), nil)
	check(t, err)
	_, err = blocker.ExecContext(t.Context(), "SELECT COUNT(*) FROM payment")
	check(t, err)
	unblock := time.AfterFunc(7*time.Second, func() { _ = blocker.Rollback() })
	defer unblock.Stop()

	ctx, cancel := context.WithCancel(t.Context())
	var load sync.WaitGroup
	var slowest time.Duration
	requests := 0
	load.Go(func() { // one at a time: the world's counter is not for many
		for ctx.Err() == nil {
			began := time.Now()
			if _, err := w.tryPay(0, payment.Paid); err != nil {
				t.Errorf("a payment failed while days were archived: %v", err)
				return
			}
			slowest, requests = max(slowest, time.Since(began)), requests+1
		}
	})
	report := w.look()
	cancel()
	load.Wait()
	t.Logf("%d payments while three days with %d rows were archived; the slowest took %s", requests, 150*6, slowest)
	if len(report.Archived) != 3 || requests == 0 {
		t.Errorf("archived %d days, %d payments meanwhile", len(report.Archived), requests)
	}
	if slowest > 5*time.Second { // the connection's own time-out, past which a request fails
		t.Errorf("the slowest payment took %s", slowest)
	}
}

// Two keepers at one time: each day is archived once.
func TestLook_TwoKeepers_ArchiveEachDayOnce(t *testing.T) {
	w := newWorld(t)
	w.pay(5, payment.Paid)
	var both sync.WaitGroup
	archived := make([]int, 2)
	for i := range archived {
		k := w.keeper()
		both.Go(func() {
			report, err := k.Look(t.Context())
			if err != nil {
				t.Error(err)
			}
			archived[i] = len(report.Archived)
		})
	}
	both.Wait()
	if archived[0]+archived[1] != 3 {
		t.Errorf("archived %v days", archived)
	}
}

// Archiving may take long; another keeper that comes meanwhile leaves it alone, and raises no alarm.
func TestLook_WhileAnotherArchives_LeavesItAlone(t *testing.T) {
	w := newWorld(t)
	w.pay(5, payment.Paid)
	err := mysql.NewArchive(w.long).Alone(t.Context(), func() error {
		if report := w.look(); len(report.Archived) != 0 {
			t.Errorf("archived %d days under another's hands", len(report.Archived))
		}
		return nil
	})
	check(t, err)
	if report := w.look(); len(report.Archived) != 3 {
		t.Errorf("archived %d days afterwards", len(report.Archived))
	}
}
