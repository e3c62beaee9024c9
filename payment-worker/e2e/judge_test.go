package e2e_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// entry is a line of the PG's book.
type entry struct {
	Means, Effect, Reference string
	Amount                   int64
	Transaction              string `json:"transaction_id"`
}

// book reads the entries of one payment.
func book(t *testing.T, payment string) []entry {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, system.pg.AdminURL()+"/book", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var entries []entry
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		var e entry
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(e.Reference, payment+".") {
			entries = append(entries, e)
		}
	}
	return entries
}

func booked(t *testing.T, payment, effect string) bool {
	t.Helper()
	for _, e := range book(t, payment) {
		if e.Effect == effect {
			return true
		}
	}
	return false
}

// judge waits until the payment is final and checks it from all sides: what GET shows, the database, and the book.
//
//	PAID: every leg is live once, and they sum to the amount       FAILED: nothing is live
//	always: at every prefix at most one live charge a leg; no open work, no unsettled leg; versions without gaps
func judge(t *testing.T, payment string, want state) answer {
	t.Helper()
	var seen answer
	eventually(t, "payment "+payment+" becomes final", func() bool {
		seen = get(t, system.apis[0], payment, keyA)
		return seen.err == nil && (seen.view.Status == "PAID" || seen.view.Status == "FAILED")
	})
	if seen.view.Status != want {
		t.Errorf("payment %s is %s, want %s", payment, seen.body, want)
	}
	live := liveMoney(t, payment)
	sum := int64(0)
	for reference, amount := range live {
		sum += amount
		if want == "FAILED" {
			t.Errorf("%s failed, but %d are live under %s", payment, amount, reference)
		}
	}
	var amount, version, events, firstSeq, lastSeq, open, unsettled int64
	row := system.db.QueryRowContext(t.Context(), `SELECT p.amount, p.version,
		(SELECT COUNT(*) FROM payment_event e WHERE e.payment_id = p.id), (SELECT MIN(seq) FROM payment_event e WHERE e.payment_id = p.id),
		(SELECT MAX(seq) FROM payment_event e WHERE e.payment_id = p.id), (SELECT COUNT(*) FROM open_payment o WHERE o.payment_id = p.id),
		(SELECT COUNT(*) FROM payment_leg l WHERE l.payment_id = p.id AND l.state IN ('PENDING','HELD','UNKNOWN'))
		FROM payment p WHERE p.id = ?`, payment)
	if err := row.Scan(&amount, &version, &events, &firstSeq, &lastSeq, &open, &unsettled); err != nil {
		t.Fatal(err)
	}
	if want == "PAID" && sum != amount {
		t.Errorf("%s is paid with %d, but %v is live", payment, amount, live)
	}
	if open != 0 || unsettled != 0 {
		t.Errorf("%s: %d pieces of open work, %d unsettled legs", payment, open, unsettled)
	}
	if firstSeq != 1 || lastSeq != version || events != version {
		t.Errorf("%s: version %d, %d events from %d to %d", payment, version, events, firstSeq, lastSeq)
	}
	return seen
}

// liveMoney is what the book holds at its end, by reference; on the way it checks that no leg was ever live twice.
func liveMoney(t *testing.T, payment string) map[string]int64 {
	t.Helper()
	transactions := map[string]string{} // transaction → reference, while it is live
	live := map[string]int64{}
	for _, e := range book(t, payment) {
		switch e.Effect {
		case "charged", "held":
			if _, twice := live[e.Reference]; twice {
				t.Errorf("%s is live twice", e.Reference)
			}
			transactions[e.Transaction], live[e.Reference] = e.Reference, e.Amount
		case "voided", "released", "expired":
			if reference, was := transactions[e.Transaction]; was {
				delete(live, reference)
			}
		}
	}
	return live
}

// actorOf is the process that made a payment's last event into a state.
func actorOf(t *testing.T, payment, state string) (actor string) {
	t.Helper()
	_ = system.db.QueryRowContext(t.Context(), "SELECT actor FROM payment_event WHERE payment_id = ? AND to_state = ? ORDER BY seq DESC LIMIT 1", payment, state).Scan(&actor)
	return actor
}

// holder is the payment that holds an order, or "".
func holder(t *testing.T, order string) (payment string) {
	t.Helper()
	_ = system.db.QueryRowContext(t.Context(), "SELECT payment_id FROM order_guard WHERE order_id = ?", order).Scan(&payment)
	return payment
}
