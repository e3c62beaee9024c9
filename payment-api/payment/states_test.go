package payment_test

import (
	"os"
	"slices"
	"testing"

	"gazua.example/payment-api/payment"
)

// What is final stays: no move leaves PAID or FAILED, and a leg that holds money is never called gone.
func TestStates_FinalIsFinal(t *testing.T) {
	for _, m := range payment.PaymentMoves {
		if m.From.Final() {
			t.Errorf("%s moves to %s", m.From, m.To)
		}
	}
	for _, m := range payment.LegMoves {
		if m.From.Gone() && m.From != payment.Absent {
			t.Errorf("a leg moves from %s to %s", m.From, m.To)
		}
	}
	if slices.ContainsFunc([]payment.LegState{payment.Pending, payment.Held, payment.Captured, payment.Unknown}, payment.LegState.Gone) {
		t.Error("a leg that may hold money counts as gone")
	}
}

func TestStatesDoc_IsWhatTheTablesSay(t *testing.T) {
	file, err := os.ReadFile("../../docs/states.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(file) != payment.StatesDoc() {
		t.Error("docs/states.md differs from the tables: run `go run ./payment-api states > docs/states.md`")
	}
}
