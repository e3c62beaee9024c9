package e2e_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// told waits for the callback about the end of a payment that the shop took, and checks it.
func toldOf(t *testing.T, s *shop, payment string) call {
	t.Helper()
	var taken call
	eventually(t, "the callback about payment "+payment+" is taken", func() bool {
		for _, c := range s.about(payment) {
			if c.status == http.StatusOK {
				taken = c
				return true
			}
		}
		return false
	})
	for _, c := range s.about(payment) {
		if c.valid != nil {
			t.Errorf("%s: %v", c.id, c.valid)
		}
		if c.id != taken.id || c.body != taken.body {
			t.Errorf("%s %s, then %s %s", c.id, c.body, taken.id, taken.body)
		}
	}
	return taken
}

func TestCallback_Async_TellsTheEnd_WithWhatGETShows(t *testing.T) {
	t.Parallel()
	for charge, want := range map[string]state{tok: "PAID", "gz1;charge=decline:stolen_card": "FAILED"} {
		o := order{id: "told-" + string(want), key: "told-" + string(want), point: tok, charge: charge}
		got := o.pay(t, system.apis[0], "Prefer", "respond-async")
		got.expect(t, 202, "ACCEPTED")
		seen := judge(t, got.view.ID, want)
		var body struct {
			Type string
			Data struct{ Payment json.RawMessage }
		}
		told := toldOf(t, system.shops[1], got.view.ID)
		if err := json.Unmarshal([]byte(told.body), &body); err != nil {
			t.Fatal(err)
		}
		if body.Type != "payment."+strings.ToLower(string(want)) || string(body.Data.Payment) != seen.body {
			t.Errorf("told %s, GET shows %s", told.body, seen.body)
		}
	}
}

func TestCallback_OnlyForWhomWasAnswered202(t *testing.T) {
	t.Parallel()
	atOnce := order{id: "told-not", key: "told-not", charge: tok}
	first := atOnce.pay(t, system.apis[0])
	first.expect(t, 201, "PAID")
	later := order{id: "told-later", key: "told-later", charge: "gz1;charge=silent:after"}
	second := later.pay(t, system.apis[0])
	second.expect(t, 202, "PROCESSING")
	judge(t, second.view.ID, "PAID")
	toldOf(t, system.shops[1], second.view.ID)
	if calls := system.shops[1].about(first.view.ID); len(calls) != 0 {
		t.Errorf("told %v of what was answered at once", calls)
	}
}

// Merchant b refuses every event once. Nothing is lost by that, and an operator can send what was given up.
func TestCallback_Refused_ComesAgain_AndCanBeSentAgain(t *testing.T) {
	t.Parallel()
	o := order{id: "told-twice", key: "told-twice", charge: tok}
	got := o.pay(t, system.apis[0], "Prefer", "respond-async", "Authorization", "Bearer "+keyB)
	got.expect(t, 202, "ACCEPTED")
	id := got.view.ID
	eventually(t, "the shop has refused it", func() bool { return len(system.shops[2].about(id)) > 0 })
	told := toldOf(t, system.shops[2], id)
	if n := len(system.shops[2].about(id)); n != 2 {
		t.Errorf("it came %d times before it was sent again", n)
	}
	eventually(t, "it is recorded", func() bool { return callbackState(t, id) == "DELIVERED" })
	if out, code := verb(t, "callback", "resend", told.id); code != 0 {
		t.Fatalf("resend: %d %s", code, out)
	}
	eventually(t, "it comes once more, and that is recorded", func() bool {
		return len(system.shops[2].about(id)) == 3 && callbackState(t, id) == "DELIVERED"
	})

	if _, err := system.admin.ExecContext(t.Context(), "UPDATE callback SET state = 'GAVE_UP', last_error = 'the answer was 503', ended_at = UTC_TIMESTAMP(6) WHERE payment_id = ?", id); err != nil {
		t.Fatal(err)
	}
	var list struct {
		Data []struct{ ID, Event, State, Error string }
	}
	listed(t, &list, "callback", "list", "--gave-up")
	if len(list.Data) != 1 || list.Data[0].Event != told.id || list.Data[0].State != "GAVE_UP" {
		t.Errorf("listed: %+v", list.Data)
	}
	if out, _ := verb(t, "callback", "list", "--gave-up"); !strings.Contains(out, told.id) || !strings.Contains(out, "the answer was 503") {
		t.Errorf("the table: %s", out)
	}
	if out, code := verb(t, "callback", "resend", "--gave-up"); code != 0 || !strings.Contains(out, "1 callbacks") {
		t.Errorf("resend: %d %s", code, out)
	}
	eventually(t, "it comes again", func() bool { return len(system.shops[2].about(id)) == 4 })
}

func callbackState(t *testing.T, payment string) (state string) {
	t.Helper()
	_ = system.db.QueryRowContext(t.Context(), "SELECT state FROM callback WHERE payment_id = ?", payment).Scan(&state)
	return state
}
