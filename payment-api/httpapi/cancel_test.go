package httpapi

import (
	"context"
	"strings"
	"testing"

	"gazua.example/payment-api/payment"
)

const cancelPath = "/v1/payments/7/cancellations"

func TestCancel_Succeeded_Is201WithLocationAndTheStoredBytes(t *testing.T) {
	d := open(t, &fakeDomain{})
	got := d.postTo(cancelPath, `{"amount":40,"reason":"한 개는 품절"}`)
	if got.status != 201 || got.body != string(succeeded(1).Render(paid(7))) || got.header.Get("Location") != "/v1/payments/7/cancellations/1" {
		t.Errorf("got %+v", got)
	}
	if got.header.Get("Idempotent-Replayed") != "" {
		t.Error("it is marked as a replay")
	}
	want, _ := payment.KeyHash("POST", cancelPath, "k-1")
	call := d.domain.cancels[0]
	_, bounded := call.ctx.Deadline()
	if call.merchant != 1 || call.id != 7 || call.keyHash != want || *call.request.Amount != 40 || call.request.Reason != "한 개는 품절" || !bounded {
		t.Errorf("the domain got %+v", call)
	}
}

func TestCancel_NotFinal_Is202WithLocation(t *testing.T) {
	d := open(t, &fakeDomain{cancel: func(id payment.ID, _ *payment.CancelRequest) (payment.Canceled, error) {
		body := `{"payment_id":"7","seq":3,"status":"PROCESSING","status_url":"/v1/payments/7/cancellations/3"}`
		return payment.Canceled{Answer: stored(202, []byte(body)), Payment: id, Seq: 3, Replayed: true}, nil
	}})
	got := d.postTo(cancelPath, `{}`)
	if got.status != 202 || got.header.Get("Location") != "/v1/payments/7/cancellations/3" || got.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("got %+v", got)
	}
	if d.domain.cancels[0].request.Amount != nil {
		t.Error("all of it is canceled by leaving the amount out")
	}
}

// What is not the request that was meant must not cancel all of a payment.
func TestCancel_WhatIsNotOneStrictJSONObject_IsRefusedBeforeTheDomain(t *testing.T) {
	d := open(t, &fakeDomain{})
	for name, c := range map[string]struct{ body, mention string }{
		"empty":               {"", "whole JSON object"},
		"null":                {"null", "null"},
		"an amount of null":   {`{"amount":null}`, "null"},
		"an amount as a text": {`{"amount":"40"}`, "amount has the wrong type"},
		"a fraction":          {`{"amount":40.5}`, "amount has the wrong type"},
		"misspelled":          {`{"amout":40}`, `"amout"`},
		"another case":        {`{"Amount":40}`, `"Amount"`},
		"twice":               {`{"amount":40,"amount":4}`, "stands twice"},
		"a payment's member":  {`{"order_id":"o-1"}`, `"order_id"`},
		"a list":              {`[{"amount":40}]`, "JSON object, not a JSON array"},
		"two":                 {`{"amount":40}{"amount":40}`, "more than one"},
	} {
		t.Run(name, func(t *testing.T) {
			got := d.postTo(cancelPath, c.body)
			got.isProblem(t, 400, "invalid-request")
			if !strings.Contains(strings.ReplaceAll(got.body, `\"`, `"`), c.mention) {
				t.Errorf("the detail does not speak of %s: %s", c.mention, got.body)
			}
		})
	}
	d.postTo(cancelPath, `{}`, without("Idempotency-Key")).isProblem(t, 400, "idempotency-key-missing")
	d.postTo(cancelPath, `{}`, with("Idempotency-Key", "a b")).isProblem(t, 400, "invalid-request")
	d.postTo(cancelPath, `{}`, with("Content-Type", "text/plain")).isProblem(t, 415, "unsupported-media-type")
	d.postTo(cancelPath+"?amount=40", `{}`).isProblem(t, 400, "invalid-request")
	if n := d.domain.count(); n != 0 {
		t.Errorf("the domain was asked %d times", n)
	}
}

// A key's scope is the address; two spellings of one address would be two scopes, and one key cancel twice.
func TestCancel_AnAddressHasOneSpelling(t *testing.T) {
	d := open(t, &fakeDomain{})
	for _, path := range []string{
		"/v1/payments/07/cancellations", "/v1/payments/%37/cancellations", "/v1/payments/+7/cancellations", "/v1/payments/7/cancellations/",
		"/v1//payments/7/cancellations", "/v1/payments/7/%63ancellations", "/V1/payments/7/cancellations", "/v1/payments/./7/cancellations",
	} {
		if got := d.postTo(path, `{}`); got.status != 404 {
			t.Errorf("%s: status %d", path, got.status)
		}
	}
	if n := d.domain.count(); n != 0 {
		t.Errorf("the domain was asked %d times", n)
	}
}

func TestCancellations_AreShown_OneAndAll(t *testing.T) {
	d := open(t, &fakeDomain{})
	one, two := string(succeeded(1).Render(paid(7))), string(succeeded(2).Render(paid(7)))
	if got := d.get(cancelPath, "key-1"); got.status != 200 || got.body != `{"data":[`+one+`,`+two+`]}` {
		t.Errorf("all: %+v", got)
	}
	if got := d.get(cancelPath+"/2", "key-1"); got.status != 200 || got.body != two {
		t.Errorf("one: %+v", got)
	}
	for _, seq := range []string{"3", "0", "-1", "02", "+2", "x", "4294967297", "%32"} {
		d.get(cancelPath+"/"+seq, "key-1").isProblem(t, 404, "not-found")
	}
	d.get("/v1/payments/x/cancellations", "key-1").isProblem(t, 404, "not-found")
	d.get("/v1/payments/x/cancellations/1", "key-1").isProblem(t, 404, "not-found")
	d = open(t, &fakeDomain{cancellations: func(_ payment.MerchantID, id payment.ID) (*payment.Payment, []*payment.Cancellation, error) {
		return paid(id), nil, nil
	}})
	if got := d.get(cancelPath, "key-1"); got.body != `{"data":[]}` {
		t.Errorf("none: %s", got.body)
	}
}

// What waits for a person is in progress to everybody else.
func TestCancellations_Outside_ReviewIsProcessing_AndOnlyAFailureHasAReason(t *testing.T) {
	c := succeeded(1)
	c.State, c.Reason = payment.CancelReview, payment.ReasonRefused
	c.Refunds = append(c.Refunds, payment.Refund{Leg: 2, Means: payment.Point, Amount: 1, State: payment.RefundRefused, Code: "no_balance"})
	d := open(t, &fakeDomain{cancellations: func(_ payment.MerchantID, id payment.ID) (*payment.Payment, []*payment.Cancellation, error) {
		return paid(id), []*payment.Cancellation{c}, nil
	}})
	if got := d.get(cancelPath+"/1", "key-1"); !strings.Contains(got.body, `"status":"PROCESSING"`) || strings.Contains(got.body, "reason") {
		t.Errorf("in REVIEW: %s", got.body)
	}
	c.State = payment.CancelFailed
	if got := d.get(cancelPath+"/1", "key-1"); !strings.Contains(got.body, `"status":"FAILED"`) || !strings.Contains(got.body, `"reason":"refused"`) {
		t.Errorf("FAILED: %s", got.body)
	}
}

func TestCancel_GoesOnWhenTheClientHasLeft(t *testing.T) {
	began, goOn, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	d := open(t, &fakeDomain{})
	d.domain.cancel = func(id payment.ID, _ *payment.CancelRequest) (payment.Canceled, error) {
		close(began)
		<-goOn
		ended <- d.domain.cancels[0].ctx.Err()
		return payment.Canceled{Answer: stored(201, succeeded(1).Render(paid(id))), Payment: id, Seq: 1}, nil
	}
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan struct{})
	go func() {
		defer close(left)
		r := d.concrete(readPromise().of("POST", cancelPath)).WithContext(ctx)
		if answer, err := d.client.Do(r); err == nil {
			answer.Body.Close()
		}
	}()
	<-began
	leave()
	<-left
	close(goOn)
	if err := <-ended; err != nil {
		t.Errorf("the work ended with its client: %v", err)
	}
}
