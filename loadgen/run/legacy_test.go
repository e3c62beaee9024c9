package run

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gazua.example/loadgen/report"
	"gazua.example/loadgen/scenario"
)

// legacySystem is one on the database and the PG of the renewed one.
type legacySystem struct {
	*system
	renewed string // where that is
}

// newLegacySystem is a system before the renewal, small and honest: it charges, keeps a row and answers. row says what the
// state of the n-th row is.
func newLegacySystem(t *testing.T, row func(n int) string) *legacySystem {
	t.Helper()
	x := &legacySystem{system: newSystem(t)}
	x.renewed = x.stack.Target
	table, err := os.ReadFile("../../payment-api/legacy/legacy_payment.sql")
	if err != nil {
		t.Fatal(err)
	}
	x.exec(string(table))
	x.exec("DELETE FROM legacy_payment")
	made := 0
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x.mu.Lock()
		defer x.mu.Unlock()
		if r.Method == http.MethodGet {
			problem(w, 404, "legacy-not-found")
			return
		}
		var request struct {
			Order  string `json:"order_id"`
			Amount int64  `json:"amount"`
		}
		_ = json.NewDecoder(r.Body).Decode(&request)
		result, err := x.db.Exec(`INSERT INTO legacy_payment (merchant_id, order_id, amount, currency, state, pg_amount, pg_state, pg_transaction_id, created_at, updated_at)
			VALUES (?, ?, ?, 'KRW', ?, ?, 'CAPTURED', '', NOW(6), NOW(6))`, map[string]int{"Bearer ka": 1, "Bearer kb": 2}[r.Header.Get("Authorization")], request.Order, request.Amount, row(made), request.Amount)
		if err != nil {
			t.Error(err)
			return
		}
		made++
		id, _ := result.LastInsertId()
		x.exec("UPDATE legacy_payment SET pg_reference = CONCAT(id, '.3') WHERE id = ?", id)
		p := &ledgered{id: uint64(id), merchant: map[string]int{"Bearer ka": 1, "Bearer kb": 2}[r.Header.Get("Authorization")], order: request.Order, legs: []legRow{{Means: "PG"}}}
		x.books(p, 0, "charged", "capture", fmt.Sprintf("%d.3", id), request.Amount, time.Now())
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"id":"%d","order_id":%q,"status":"PAID","amount":%d}`, id, request.Order, request.Amount)
	}))
	t.Cleanup(api.Close)
	x.stack.Target = api.URL
	return x
}

func paidAlways(int) string { return "PAID" }

// cards is a scenario that the system before the renewal can be asked for.
func cards() scenario.Scenario {
	s := small(30, 200*time.Millisecond, 0)
	s.Mix = []scenario.Kind{{Means: []scenario.Means{scenario.PG}, Weight: 1}}
	return s
}

func TestRun_Legacy_IsJudgedByThreeInvariantsAndSaysSo(t *testing.T) {
	x := newLegacySystem(t, paidAlways)
	x.exec("REPLACE INTO open_payment (payment_id, due_at) VALUES (?, NOW(6))", systemFirstID) // of the other system: not waited for
	o, out := options(t, x.system, cards())
	o.Legacy = true
	result, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if result.Verdict != report.Pass || !result.Quiet || result.Counts.Paid != 30 || result.System != report.Legacy {
		t.Fatalf("%s of %q, %+v, reasons %q\n%s", result.Verdict, result.System, result.Counts, result.Reasons, out)
	}
	if got := result.Invariants; len(got) != 3 || got[0].Number != 2 || got[1].Number != 3 || got[2].Number != 7 || got[0].Checked != 30 {
		t.Errorf("%+v", got)
	}
	if line := result.Line(); !strings.Contains(line, " lost=0 duplicated=- unsettled=- violations=0 ") {
		t.Error(line)
	}
	if text := out.String(); !strings.Contains(text, "not judged, since the system does not promise it: 1 at most once, 4 refund bound") || !strings.Contains(text, "the system before the renewal") {
		t.Error(text)
	}
	if page, err := os.ReadFile(filepath.Join(result.Folder, "report.html")); err != nil || !strings.Contains(string(page), "Not judged") || !strings.Contains(string(page), "duplicated -") {
		t.Errorf("the page does not say what is not judged: %v", err)
	}
	// Judged again, from its folder.
	saved, err := report.Load(result.Folder)
	if err != nil || saved.System != report.Legacy {
		t.Fatalf("%+v, %v", saved, err)
	}
	database, err := OpenDatabase(t.Context(), x.stack.MySQL, saved.System)
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close()
	if v, err := Judge(t.Context(), saved, database, &x.stack); err != nil || v.Verdict != "PASS" || v.Payments != 30 {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestRun_LegacyRowThatSaysFailedOfACharge_Fails(t *testing.T) {
	x := newLegacySystem(t, func(n int) string {
		if n == 7 {
			return "FAILED"
		}
		return "PAID"
	})
	o, _ := options(t, x.system, cards())
	o.Legacy = true
	result, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if result.Verdict != report.Fail || result.Violated(3) != 1 || result.Violated(7) != 1 {
		t.Errorf("%s: %+v", result.Verdict, result.Invariants)
	}
}

// What the old system booked stands in the statement of the same day.
func TestRun_TheFirstOfTheRenewedSystem_AfterOneOfTheOld_IsJudgedByItsOwn(t *testing.T) {
	x := newLegacySystem(t, paidAlways)
	for _, system := range []string{report.Legacy, report.Renewed} {
		o, out := options(t, x.system, cards())
		o.Legacy = system == report.Legacy
		if !o.Legacy {
			o.Stack.Target = x.renewed
		}
		result, err := Run(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if result.Verdict != report.Pass || result.System != system {
			t.Errorf("%s: %s, reasons %q\n%s", system, result.Verdict, result.Reasons, out)
		}
	}
}

// Driven as the other one, every payment of a system would count as lost.
func TestRun_TheOtherSystem_SendsNothing(t *testing.T) {
	for _, c := range []struct {
		x       *system
		legacy  bool
		mention string
	}{
		{newLegacySystem(t, paidAlways).system, false, "is the system before the renewal"},
		{newSystem(t), true, "is not the system before the renewal"},
	} {
		o, _ := options(t, c.x, cards())
		o.Legacy = c.legacy
		if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), c.mention) || !strings.Contains(err.Error(), "nothing was sent") {
			t.Errorf("%v, want one that mentions %q", err, c.mention)
		}
		if len(c.x.book) > 0 {
			t.Error("something was sent")
		}
	}
}

func TestFitsLegacy_NamesAllThatItCannotBeAskedFor(t *testing.T) {
	fine := cards()
	fine.Means[scenario.PG] = scenario.Behaviour{Wants: map[string][]scenario.Outcome{
		"charge": {{Text: "decline:stolen", Share: 0.1}, {Text: "silent:after", Share: 0}}, "inquiry": {{Text: "garbage", Share: 1}},
	}}
	fine.Means[scenario.Point] = scenario.Behaviour{Wants: map[string][]scenario.Outcome{"reserve": {{Text: "reset", Share: 1}}}} // in no payment of the mix
	if err := fitsLegacy(&fine); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*scenario.Scenario){
		"async":                        func(s *scenario.Scenario) { s.Async = 0.1 },
		"cancel":                       func(s *scenario.Scenario) { s.Cancel = 0.1 },
		"replay":                       func(s *scenario.Scenario) { s.Replay = 0.1 },
		"reuse_key":                    func(s *scenario.Scenario) { s.ReuseKey = 0.1 },
		"same_order":                   func(s *scenario.Scenario) { s.SameOrder = 0.1 },
		"flows":                        func(s *scenario.Scenario) { s.Flows = make([]scenario.Flow, 1) },
		"faults":                       func(s *scenario.Scenario) { s.Faults = make([]scenario.TimedFault, 1) },
		"broker_away":                  func(s *scenario.Scenario) { s.Away = true },
		"means.PG.charge.silent:after": func(s *scenario.Scenario) { wants(s, scenario.PG, "charge", "silent:after") },
		"means.PG.charge.late/4s":      func(s *scenario.Scenario) { wants(s, scenario.PG, "charge", "late/4s") },
		"means.POINT.confirm.decline": func(s *scenario.Scenario) {
			s.Mix = scenario.Default().Mix
			wants(s, scenario.Point, "confirm", "decline")
		},
	} {
		s := cards()
		spoil(&s)
		if err := fitsLegacy(&s); err == nil || !strings.Contains(err.Error(), " has "+name+": nothing was sent") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
	all := scenario.Default()
	if err := fitsLegacy(&all); err == nil || !strings.Contains(err.Error(), "async, cancel, replay, reuse_key, same_order, means.PG.charge.late/4s, ") {
		t.Errorf("the default mix: %v", err)
	}
}

func wants(s *scenario.Scenario, means scenario.Means, operation, outcome string) {
	s.Means[means] = scenario.Behaviour{Wants: map[string][]scenario.Outcome{operation: {{Text: outcome, Share: 0.1}}}}
}
