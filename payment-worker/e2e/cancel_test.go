package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// cancel asks once to cancel a payment of merchant a.
func cancel(t *testing.T, to *program, payment, key, body string) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, to.url+"/v1/payments/"+payment+"/cancellations", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.GetBody = nil
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+keyA)
	request.Header.Set("Idempotency-Key", key)
	return do(request)
}

func (a answer) expectCancellation(t *testing.T, payment string, status int, want state) {
	t.Helper()
	if a.err != nil || a.status != status || a.view.Status != want || a.view.Payment != payment {
		t.Fatalf("got %d %s %v, want %d %s of payment %s", a.status, a.body, a.err, status, want, payment)
	}
	if got, want := a.header.Get("Location"), fmt.Sprintf("/v1/payments/%s/cancellations/%d", payment, a.view.Seq); got != want {
		t.Errorf("Location %q, want %q", got, want)
	}
}

func (a answer) refunds() (text string) {
	for _, r := range a.view.Refunds {
		text += fmt.Sprintf("%s %d %s ", r.Means, r.Amount, r.Status)
	}
	return strings.TrimSpace(text)
}

// paidBy is a payment of merchant a that is PAID.
func paidBy(t *testing.T, o order) string {
	t.Helper()
	got := o.pay(t, system.apis[0])
	got.expect(t, 201, "PAID")
	return got.view.ID
}

// judgeCanceled waits until nothing of a PAID payment is open any more and checks it from all sides: so much of it was given
// back, in the database, the ledger and the book alike, no refund was booked twice, and the versions have no gap.
func judgeCanceled(t *testing.T, payment string, canceled int64) answer {
	t.Helper()
	count := func(query string) (n int64) {
		t.Helper()
		if err := system.db.QueryRowContext(t.Context(), query, payment).Scan(&n); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		return n
	}
	eventually(t, "nothing of payment "+payment+" is open", func() bool { return count("SELECT COUNT(*) FROM open_payment WHERE payment_id = ?") == 0 })
	amount := count("SELECT amount FROM payment WHERE id = ? AND state = 'PAID'")
	for query, want := range map[string]int64{
		"SELECT canceled_amount FROM payment WHERE id = ?":                                                canceled,
		"SELECT COALESCE(SUM(amount), 0) FROM cancellation WHERE payment_id = ? AND state = 'SUCCEEDED'":  canceled,
		"SELECT SUM(amount) FROM journal_entry WHERE payment_id = ?":                                      0,
		"SELECT SUM(amount) FROM journal_entry WHERE payment_id = ? AND account LIKE 'receivable:%'":      amount - canceled,
		"SELECT SUM(amount) FROM journal_entry WHERE payment_id = ? AND account = 'payable:MERCHANT'":     canceled - amount,
		"SELECT COUNT(*) FROM payment_event WHERE payment_id = ?":                                         count("SELECT version FROM payment WHERE id = ?"),
		"SELECT MAX(seq) FROM payment_event WHERE payment_id = ?":                                         count("SELECT version FROM payment WHERE id = ?"),
		"SELECT COUNT(*) FROM refund WHERE payment_id = ? AND state = 'PENDING'":                          0,
		"SELECT COUNT(*) FROM cancellation WHERE payment_id = ? AND state NOT IN ('SUCCEEDED', 'FAILED')": 0,
	} {
		if got := count(query); got != want {
			t.Errorf("payment %s: %s: %d, want %d", payment, query, got, want)
		}
	}
	back := refunded(t, payment)
	live := int64(0)
	for _, held := range liveMoney(t, payment) {
		live += held
	}
	if live != amount || back != canceled {
		t.Errorf("payment %s: the book has %d taken and %d given back, want %d and %d", payment, live, back, amount, canceled)
	}
	seen := get(t, system.apis[1], payment, keyA)
	want := state("PAID")
	if canceled == amount {
		want = "CANCELED"
	} else if canceled > 0 {
		want = "PARTIALLY_CANCELED"
	}
	if seen.view.Status != want || seen.view.Canceled != canceled {
		t.Errorf("GET shows %s, want %s with %d canceled", seen.body, want, canceled)
	}
	return seen
}

// refunded is what the book gave back of a payment; no reference of a refund may be booked twice.
func refunded(t *testing.T, payment string) (sum int64) {
	t.Helper()
	seen := map[string]bool{}
	for _, e := range book(t, payment) {
		if e.Effect != "refunded" {
			continue
		}
		if seen[e.Reference] {
			t.Errorf("the refund %s was booked twice", e.Reference)
		}
		seen[e.Reference] = true
		sum += e.Amount
	}
	return sum
}

func TestCancel_TheWhole_GivesBackEveryMeans_AndItsRepeats(t *testing.T) {
	t.Parallel()
	id := paidBy(t, order{id: "cancel", key: "cancel-1", coupon: tok, point: tok, charge: tok})
	first := cancel(t, system.apis[0], id, "cancel-c1", `{"reason":"sent back"}`)
	first.expectCancellation(t, id, 201, "SUCCEEDED")
	if got := first.refunds(); got != "PG 20000 REFUNDED POINT 3000 REFUNDED COUPON 2000 REFUNDED" {
		t.Errorf("refunds %s", got)
	}
	judgeCanceled(t, id, 25000)
	again := cancel(t, system.apis[1], id, "cancel-c1", `{"reason":"sent back"}`)
	if again.body != first.body || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("the replay is %d %s", again.status, again.body)
	}
	cancel(t, system.apis[1], id, "cancel-c1", `{}`).expectProblem(t, 422, "idempotency-key-reused")
	cancel(t, system.apis[1], id, "cancel-c2", `{}`).expectProblem(t, 422, "cancellation-exceeds")
	if seen := look(t, system.apis[1], "/v1/payments/"+id+"/cancellations/1", keyA); seen.body != first.body {
		t.Errorf("GET shows %s, the answer was %s", seen.body, first.body)
	}
	look(t, system.apis[0], "/v1/payments/"+id+"/cancellations/1", keyB).expectProblem(t, 404, "not-found")
	if calls := system.shops[1].about(id); len(calls) != 0 {
		t.Errorf("it was answered at once, and called all the same: %v", calls)
	}
}

func TestCancel_PartByPart_ThePGFirst_TheCouponLast(t *testing.T) {
	t.Parallel()
	id := paidBy(t, order{id: "parts", key: "parts-1", coupon: tok, point: tok, charge: tok})
	first := cancel(t, system.apis[0], id, "parts-c1", `{"amount":5000}`)
	first.expectCancellation(t, id, 201, "SUCCEEDED")
	judgeCanceled(t, id, 5000)
	second := cancel(t, system.apis[1], id, "parts-c2", `{"amount":16000}`)
	second.expectCancellation(t, id, 201, "SUCCEEDED")
	if got := first.refunds() + ", " + second.refunds(); got != "PG 5000 REFUNDED, PG 15000 REFUNDED POINT 1000 REFUNDED" {
		t.Errorf("refunds %s", got)
	}
	cancel(t, system.apis[0], id, "parts-c3", `{"amount":3000}`).expectProblem(t, 422, "coupon-not-divisible")
	cancel(t, system.apis[0], id, "parts-c4", `{"amount":4001}`).expectProblem(t, 422, "cancellation-exceeds")
	judgeCanceled(t, id, 21000)
	rest := cancel(t, system.apis[0], id, "parts-c5", `{}`)
	rest.expectCancellation(t, id, 201, "SUCCEEDED")
	if got := rest.refunds(); got != "POINT 2000 REFUNDED COUPON 2000 REFUNDED" {
		t.Errorf("the rest: %s", got)
	}
	judgeCanceled(t, id, 25000)
}

// Money is given back and nobody says so: the resolver asks again with the same reference.
func TestCancel_RefundBookedThenSilent_Is202_AndSucceeds_AndTheMerchantIsTold(t *testing.T) {
	t.Parallel()
	id := paidBy(t, order{id: "refund-silent", key: "refund-silent-1", coupon: tok, point: tok, charge: "gz1;refund=silent:after,silent:after,ok"})
	first := cancel(t, system.apis[0], id, "refund-silent-c", `{}`)
	first.expectCancellation(t, id, 202, "PROCESSING")
	cancel(t, system.apis[0], id, "refund-silent-c2", `{"amount":1}`).expectProblem(t, 409, "cancellation-in-progress")
	judgeCanceled(t, id, 25000)
	again := cancel(t, system.apis[1], id, "refund-silent-c", `{}`)
	if again.status != 202 || again.body != first.body {
		t.Errorf("the replay is %d %s, the answer was %s", again.status, again.body, first.body)
	}
	eventually(t, "the merchant is told", func() bool { return len(system.shops[1].about(id)) > 0 })
	got := system.shops[1].about(id)[0]
	if got.valid != nil || !strings.Contains(got.body, `"type":"cancellation.succeeded"`) || !strings.Contains(got.body, `"status":"CANCELED"`) {
		t.Errorf("the callback %s: %v, %s", got.id, got.valid, got.body)
	}
}

func TestCancel_ThePGRefuses_Fails_AndNothingIsGivenBack(t *testing.T) {
	t.Parallel()
	id := paidBy(t, order{id: "refund-refused", key: "refund-refused-1", point: tok, charge: "gz1;refund=decline:closed,ok"})
	got := cancel(t, system.apis[0], id, "refund-refused-c", `{}`)
	got.expectCancellation(t, id, 201, "FAILED")
	if got.refunds() != "PG 20000 REFUSED POINT 3000 ABSENT" || got.view.Refunds[0].Code != "closed" {
		t.Errorf("answer %s", got.body)
	}
	judgeCanceled(t, id, 0)
}

// Points refused after the PG gave back: a person decides, by the verbs.
func TestCancel_ALaterMeansRefuses_WaitsForAPerson(t *testing.T) {
	t.Parallel()
	id := paidBy(t, order{id: "refund-review", key: "refund-review-1", point: "gz1;refund=decline:closed", charge: tok})
	got := cancel(t, system.apis[0], id, "refund-review-c", `{}`)
	got.expectCancellation(t, id, 202, "PROCESSING")
	var reviews struct {
		Data []struct {
			ID, Reason string
			Parts      []struct{ Means, Reference, State, Code string }
		}
	}
	listed(t, &reviews, "review", "list")
	found := false
	for _, r := range reviews.Data {
		if r.ID == id+"/1" {
			found = r.Reason == "refused" && len(r.Parts) == 2 && r.Parts[0].State == "REFUNDED" && r.Parts[1].State == "REFUSED" && r.Parts[1].Reference == id+".1.1"
		}
	}
	if !found {
		t.Errorf("listed: %+v", reviews.Data)
	}
	cancel(t, system.apis[0], id, "refund-review-c2", `{}`).expectProblem(t, 409, "cancellation-in-progress")
	eventually(t, "no call can be on its way any more, and the review is settled", func() bool {
		_, code := verb(t, "review", "settle", id+"/1", "succeeded", "--note", "paid out by hand, ticket 7")
		return code == 0
	})
	var canceled, suspense, byHand int64
	if err := system.db.QueryRowContext(t.Context(), `SELECT canceled_amount, (SELECT SUM(amount) FROM journal_entry WHERE payment_id = id AND account = 'suspense:REVIEW'),
		(SELECT SUM(amount) FROM journal_entry WHERE payment_id = id AND account = 'by-hand:SETTLEMENT') FROM payment WHERE id = ?`, id).Scan(&canceled, &suspense, &byHand); err != nil {
		t.Fatal(err)
	}
	if canceled != 23000 || suspense != 0 || byHand != -3000 {
		t.Errorf("canceled %d, suspense %d, by hand %d", canceled, suspense, byHand)
	}
	if seen := look(t, system.apis[0], "/v1/payments/"+id+"/cancellations/1", keyA); seen.view.Status != "SUCCEEDED" {
		t.Errorf("GET shows %s", seen.body)
	}
	eventually(t, "the merchant is told", func() bool { return len(system.shops[1].about(id)) > 0 })
	if _, code := verb(t, "review", "settle", id+"/1", "failed", "--note", "again"); code == 0 {
		t.Error("it was settled twice")
	}
}

func TestCancel_WhatIsNotPaid_OrNotThere(t *testing.T) {
	t.Parallel()
	o := order{id: "cancel-failed", key: "cancel-failed-1", charge: "gz1;charge=decline"}
	got := o.pay(t, system.apis[0])
	got.expect(t, 201, "FAILED")
	cancel(t, system.apis[0], got.view.ID, "cancel-failed-c", `{}`).expectProblem(t, 409, "payment-failed")
	o = order{id: "cancel-early", key: "cancel-early-1", charge: "gz1;charge=silent:after"}
	got = o.pay(t, system.apis[0])
	got.expect(t, 202, "PROCESSING")
	if early := cancel(t, system.apis[0], got.view.ID, "cancel-early-c", `{}`); early.status != 201 { // unless it was settled in between
		early.expectProblem(t, 409, "payment-not-paid")
	}
	cancel(t, system.apis[0], "1", "cancel-none-c", `{}`).expectProblem(t, 404, "not-found")
	cancel(t, system.apis[0], got.view.ID, "cancel-zero-c", `{"amount":0}`).expectProblem(t, 400, "invalid-request")
}
