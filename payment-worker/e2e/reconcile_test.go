package e2e_test

import (
	"strings"
	"testing"
	"time"
)

// Our ledger and the means' own statements agree on the day, and one row that is wrong is found. No other story runs.
func TestReconcile_TheLedgerAgreesWithTheStatements_AndAWrongRowIsFound(t *testing.T) {
	whole := paidBy(t, order{id: "reconcile", key: "reconcile-1", coupon: tok, point: tok, charge: tok})
	cancel(t, system.apis[0], whole, "reconcile-c1", `{"amount":4000}`).expectCancellation(t, whole, 201, "SUCCEEDED")
	undone := order{id: "reconcile-2", key: "reconcile-2", point: tok, charge: "gz1;charge=decline"}
	undone.pay(t, system.apis[0]).expect(t, 201, "FAILED")
	today := time.Now().In(time.FixedZone("Asia/Seoul", 9*60*60)).Format(time.DateOnly)
	line := func() (string, int) {
		out, code := verb(t, "reconcile", "--date", today)
		lines := strings.Split(strings.TrimSpace(out), "\n")
		return lines[len(lines)-1], code
	}
	last := ""
	eventually(t, "the day is clean", func() bool { // what other stories left open is settled soon
		var code int
		last, code = line()
		return code == 0 && strings.HasPrefix(last, "reconcile date="+today+" verdict=CLEAN ")
	})
	if strings.Contains(last, "captures=0") || strings.Contains(last, "refunds=0") {
		t.Errorf("it compared nothing: %s", last)
	}
	wrong := func(by string) {
		t.Helper()
		if _, err := system.admin.ExecContext(t.Context(), "UPDATE journal_entry SET amount = amount "+by+" WHERE payment_id = ? AND posting = 0 AND account = 'receivable:PG'", whole); err != nil {
			t.Fatal(err)
		}
	}
	wrong("+ 1")
	defer wrong("- 1")
	if last, code := line(); code != 1 || !strings.Contains(last, "verdict=DIFFERENT") || !strings.Contains(last, "differences=1 ") || !strings.Contains(last, " amount=1 ") {
		t.Errorf("exit code %d: %s", code, last)
	}
}
