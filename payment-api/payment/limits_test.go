package payment_test

import (
	"strings"
	"testing"
	"time"

	"gazua.example/payment-api/payment"
)

func TestLimits_DefaultsHold_AndBrokenOnesAreNamed(t *testing.T) {
	if err := payment.DefaultLimits().Validate(); err != nil {
		t.Fatal(err)
	}
	l := payment.DefaultLimits()
	l.ReservationTTL, l.Margin = time.Minute, time.Second
	err := l.Validate()
	if err == nil || !strings.Contains(err.Error(), "reservations") || !strings.Contains(err.Error(), "margin") {
		t.Errorf("%v", err)
	}
}

func TestCurrencies(t *testing.T) {
	for currency, want := range map[payment.Currency]int{"KRW": 0, "JPY": 0, "USD": 2, "EUR": 2, "KWD": 3} {
		if got, known := currency.Digits(); !known || got != want {
			t.Errorf("%s: %d digits, known %t", currency, got, known)
		}
	}
}

func TestLimits_OfTheSimulation_Hold(t *testing.T) {
	for _, l := range []payment.Limits{tight(), hasty()} {
		if err := l.Validate(); err != nil {
			t.Error(err)
		}
	}
}
