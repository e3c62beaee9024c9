package payment

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestRender_APaymentThatWasCanceled(t *testing.T) {
	for _, c := range []struct {
		state    State
		canceled int64
		want     string
	}{
		{Paid, 0, "PAID"},
		{Paid, 1, "PARTIALLY_CANCELED"},
		{Paid, 5999, "PARTIALLY_CANCELED"},
		{Paid, 6000, "CANCELED"},
		{Undoing, 0, "PROCESSING"},
		{Review, 0, "PROCESSING"},
		{Failed, 0, "FAILED"},
	} {
		p := paidAt(someDay, couponLeg, pointLeg, cardLeg)
		p.State, p.Canceled = c.state, c.canceled
		var got struct {
			Status   string
			Canceled int64 `json:"canceled_amount"`
			Version  uint32
		}
		if err := json.Unmarshal(p.Render(), &got); err != nil {
			t.Fatal(err)
		}
		if got.Status != c.want || got.Canceled != c.canceled || got.Version != p.Version {
			t.Errorf("%s with %d canceled shows as %+v, want %s", c.state, c.canceled, got, c.want)
		}
	}
}

func TestRender_IsWhatItIsForEver(t *testing.T) {
	p := paidAt(someDay, cardLeg)
	p.Order, p.Legs[0].Token, p.Legs[0].TransactionID = "o-1", "secret-token", "t-1"
	want := `{"id":"` + p.ID.String() + `","order_id":"o-1","status":"PAID","amount":3000,"currency":"KRW","canceled_amount":0,` +
		`"legs":[{"means":"PG","amount":3000,"status":"CAPTURED"}],"created_at":"2026-03-01T00:00:00Z","version":2}`
	if got := string(p.Render()); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func TestRender_ALegThatIsNotKnown_ShowsAsProcessing_AndOnlyADeclineItsCode(t *testing.T) {
	p := paidAt(someDay, couponLeg, pointLeg, cardLeg)
	p.State = Processing
	p.Legs[0].State, p.Legs[0].Code = Unknown, "timeout"
	p.Legs[1].State = Pending
	p.Legs[2].State, p.Legs[2].Code = Declined, "insufficient_funds"
	want := `"legs":[{"means":"COUPON","amount":1000,"status":"PROCESSING"},{"means":"POINT","amount":2000,"status":"PROCESSING"},` +
		`{"means":"PG","amount":3000,"status":"DECLINED","code":"insufficient_funds"}]`
	if got := string(p.Render()); !strings.Contains(got, want) {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func TestRender_Cancellation(t *testing.T) {
	p, c := halfDone(CancelReview)
	c.Reason, c.Created, c.Refunds[1].Code = ReasonRefused, someDay, "points_gone"
	body := func(status, reason string) string {
		return `{"payment_id":"` + p.ID.String() + `","seq":2,"status":"` + status + `","amount":5000,"currency":"KRW"` + reason +
			`,"refunds":[{"means":"PG","amount":3000,"status":"REFUNDED"},{"means":"POINT","amount":2000,"status":"REFUSED","code":"points_gone"}],"created_at":"2026-03-01T00:00:00Z"}`
	}
	if got, want := string(c.Render(p)), body("PROCESSING", ""); got != want {
		t.Errorf("in REVIEW: %s\nwant\n%s", got, want)
	}
	c.State = CancelFailed
	if got, want := string(c.Render(p)), body("FAILED", `,"reason":"refused"`); got != want {
		t.Errorf("FAILED: %s\nwant\n%s", got, want)
	}
	c.State, c.Refunds[1].State, c.Refunds[1].Code = CancelProcessing, RefundPending, ""
	if got := string(c.Render(p)); !strings.Contains(got, `{"means":"POINT","amount":2000,"status":"PROCESSING"}`) {
		t.Errorf("in flight: %s", got)
	}
	pending := c.pendingAnswer()
	if want := `{"payment_id":"` + p.ID.String() + `","seq":2,"status":"PROCESSING","status_url":"/v1/payments/` + p.ID.String() + `/cancellations/2"}`; pending.Status != 202 || string(pending.Body) != want {
		t.Errorf("%d %s", pending.Status, pending.Body)
	}
}

func TestRenderEvents_HidesWhatIsNobodysBusiness(t *testing.T) {
	got := string(RenderEvents([]Event{
		{Version: 1, At: someDay, To: "PROCESSING", Cause: "created"},
		{Version: 2, At: someDay.In(time.FixedZone("KST", 9*3600)), From: "PROCESSING", To: "UNDOING", Cause: "interrupted"},
		{Version: 3, At: someDay, Cancellation: 1, From: "REVIEW", To: "SUCCEEDED", Cause: "review"},
	}))
	want := `{"data":[{"version":1,"at":"2026-03-01T00:00:00Z","to":"PROCESSING","cause":"created"},` +
		`{"version":2,"at":"2026-03-01T00:00:00Z","from":"PROCESSING","to":"PROCESSING","cause":"interrupted"},` +
		`{"version":3,"at":"2026-03-01T00:00:00Z","cancellation":1,"from":"PROCESSING","to":"SUCCEEDED","cause":"review"}]}`
	if got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

// The body of a callback has a bound in its table; the longest one that can be must fit.
func TestCallback_TheLongestFits(t *testing.T) {
	p := paidAt(someDay, couponLeg, pointLeg, cardLeg)
	p.Order, p.State, p.Reason = strings.Repeat("x", MaxOrderLen), Failed, ReasonUnavailable
	c := &Cancellation{Payment: p.ID, Seq: 1 << 30, Amount: MaxAmount, State: CancelFailed, Reason: ReasonInterrupted}
	for i := range p.Legs {
		p.Legs[i].State, p.Legs[i].Amount, p.Legs[i].Code = Declined, MaxAmount, strings.Repeat("<", 64) // JSON writes it as \u003c
		c.Refunds = append(c.Refunds, Refund{Means: p.Legs[i].Means, Amount: MaxAmount, State: RefundRefused, Code: strings.Repeat("<", 64)})
	}
	callback := c.callback(p, someDay)
	if len(callback.Body) > MaxCallback {
		t.Errorf("%d bytes", len(callback.Body))
	}
	var got struct {
		Type string
		Data struct{ Payment, Cancellation json.RawMessage }
	}
	if err := json.Unmarshal(callback.Body, &got); err != nil || got.Type != callback.Type || !bytes.Equal(got.Data.Payment, p.Render()) || !bytes.Equal(got.Data.Cancellation, c.Render(p)) {
		t.Errorf("%v: %s", err, callback.Body)
	}
}

func TestCallback_SaysHowItEnded(t *testing.T) {
	p := paidAt(someDay, cardLeg)
	if got := p.callback(someDay); got.Type != "payment.paid" || strings.Contains(string(got.Body), "cancellation") && !strings.Contains(string(got.Body), "canceled_amount") {
		t.Errorf("%s: %s", got.Type, got.Body)
	}
	p.State = Failed
	if got := p.callback(someDay).Type; got != "payment.failed" {
		t.Error(got)
	}
	_, c := halfDone(CancelSucceeded)
	if got := c.callback(p, someDay).Type; got != "cancellation.succeeded" {
		t.Error(got)
	}
	c.State = CancelFailed
	if got := c.callback(p, someDay).Type; got != "cancellation.failed" {
		t.Error(got)
	}
}
