package payment

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// What is written by hand is what encoding/json makes of these.

type plainPayment struct {
	ID       ID          `json:"id,string"`
	Order    string      `json:"order_id"`
	Status   State       `json:"status"`
	Reason   string      `json:"reason,omitempty"`
	Amount   int64       `json:"amount"`
	Currency Currency    `json:"currency"`
	Canceled int64       `json:"canceled_amount"`
	Legs     []plainPart `json:"legs"`
	Created  time.Time   `json:"created_at"`
	Version  uint32      `json:"version"`
}

type plainPart struct {
	Means  Means  `json:"means"`
	Amount int64  `json:"amount"`
	Status string `json:"status"`
	Code   string `json:"code,omitempty"`
}

type plainCancellation struct {
	Payment  ID                `json:"payment_id,string"`
	Seq      uint32            `json:"seq"`
	Status   CancellationState `json:"status"`
	Amount   int64             `json:"amount"`
	Currency Currency          `json:"currency"`
	Reason   string            `json:"reason,omitempty"`
	Refunds  []plainPart       `json:"refunds"`
	Created  time.Time         `json:"created_at"`
}

type plainEvent struct {
	Version      uint32    `json:"version"`
	At           time.Time `json:"at"`
	Cancellation uint32    `json:"cancellation,omitempty"`
	From         string    `json:"from,omitempty"`
	To           string    `json:"to"`
	Cause        string    `json:"cause"`
}

type plainCallback struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      struct {
		Payment      json.RawMessage `json:"payment"`
		Cancellation json.RawMessage `json:"cancellation,omitempty"`
	} `json:"data"`
}

func TestRender_IsWhatEncodingJSONWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawnPayment(t)
		same(t, p.Render(), plainOf(p))
		same(t, p.pendingAnswer().Body, struct {
			ID     ID     `json:"id,string"`
			Status State  `json:"status"`
			URL    string `json:"status_url"`
		}{p.ID, outside(p.State), "/v1/payments/" + p.ID.String()})

		c, plain := drawnCancellation(t, p)
		same(t, c.Render(p), plain)
		same(t, c.pendingAnswer().Body, struct {
			ID     ID     `json:"payment_id,string"`
			Seq    uint32 `json:"seq"`
			Status string `json:"status"`
			URL    string `json:"status_url"`
		}{c.Payment, c.Seq, "PROCESSING", CancellationURL(c.Payment, c.Seq)})

		at := drawnTime(t)
		callback := plainCallback{Type: p.callback(at).Type, Timestamp: at.UTC()}
		callback.Data.Payment = p.Render()
		same(t, p.callback(at).Body, callback)
		callback.Type, callback.Data.Cancellation = c.callback(p, at).Type, c.Render(p)
		same(t, c.callback(p, at).Body, callback)
	})
}

func TestRenderEvents_IsWhatEncodingJSONWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events, plain := []Event{}, []plainEvent{}
		for range rapid.IntRange(0, 3).Draw(t, "events") {
			e := Event{
				Version: rapid.Uint32().Draw(t, "version"), At: drawnTime(t), Cancellation: rapid.Uint32Range(0, 2).Draw(t, "cancellation"),
				From: rapid.SampledFrom([]string{"", "PAID"}).Draw(t, "from"), To: rapid.String().Draw(t, "to"), Cause: rapid.String().Draw(t, "cause"),
			}
			events = append(events, e)
			plain = append(plain, plainEvent{e.Version, e.At.UTC(), e.Cancellation, e.From, e.To, e.Cause})
		}
		same(t, RenderEvents(events), map[string]any{"data": plain})
	})
}

func FuzzText(f *testing.F) {
	for _, seed := range []string{"", "o-1", "<", ">", "&", `"`, `\`, "\x00", "\x1f", "\x7f", "\u2028\u2029", "잔액", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		want, err := json.Marshal(value)
		if got := text(nil, value); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%q becomes %s, want %s, err = %v", value, got, want, err)
		}
	})
}

func same(t *rapid.T, got []byte, plain any) {
	t.Helper()
	want, err := json.Marshal(plain)
	if err != nil || !bytes.Equal(got, want) || !utf8.Valid(got) {
		t.Fatalf("%s\nwant %s, err = %v", got, want, err)
	}
}

func drawnTime(t *rapid.T) time.Time {
	zone := time.FixedZone("", rapid.IntRange(-12, 14).Draw(t, "hours")*3600)
	return time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "s"), rapid.SampledFrom([]int64{0, 1000, 500_000_000, 999_999_999}).Draw(t, "ns")).In(zone)
}

func drawnPayment(t *rapid.T) *Payment {
	p := &Payment{
		ID: ID(rapid.Uint64Range(1, 1<<63-1).Draw(t, "id")), Order: rapid.String().Draw(t, "order"),
		Price:   Money{rapid.Int64Range(0, MaxAmount).Draw(t, "amount"), Currency(rapid.String().Draw(t, "currency"))},
		State:   rapid.SampledFrom([]State{Accepted, Processing, Undoing, Paid, Failed, Review}).Draw(t, "state"),
		Version: rapid.Uint32().Draw(t, "version"), Reason: rapid.SampledFrom([]string{"", ReasonDeclined, "<&>"}).Draw(t, "reason"),
	}
	p.Canceled = rapid.SampledFrom([]int64{0, 1, p.Price.Amount}).Draw(t, "canceled")
	for range rapid.IntRange(0, 3).Draw(t, "legs") {
		p.Legs = append(p.Legs, Leg{
			Means: rapid.SampledFrom(callOrder).Draw(t, "means"), Amount: rapid.Int64Range(-1, MaxAmount).Draw(t, "of the leg"), Code: rapid.String().Draw(t, "code"),
			State: rapid.SampledFrom([]LegState{Pending, Unknown, Held, Captured, Declined, Absent, Voided, Released}).Draw(t, "leg"),
		})
	}
	return p
}

func plainOf(p *Payment) plainPayment {
	v := plainPayment{p.ID, p.Order, p.outsideStatus(), "", p.Price.Amount, p.Price.Currency, p.Canceled, []plainPart{}, p.ID.Time(), p.Version}
	if p.State == Failed {
		v.Reason = p.Reason
	}
	for _, l := range p.Legs {
		part := plainPart{l.Means, l.Amount, string(l.State), ""}
		switch l.State {
		case Declined:
			part.Code = l.Code
		case Pending, Unknown:
			part.Status = "PROCESSING"
		}
		v.Legs = append(v.Legs, part)
	}
	return v
}

func drawnCancellation(t *rapid.T, p *Payment) (*Cancellation, plainCancellation) {
	c := &Cancellation{
		Payment: p.ID, Seq: rapid.Uint32().Draw(t, "seq"), Amount: rapid.Int64Range(0, MaxAmount).Draw(t, "given back"), Created: drawnTime(t),
		State: rapid.SampledFrom([]CancellationState{CancelProcessing, CancelSucceeded, CancelFailed, CancelReview}).Draw(t, "cancellation"), Reason: ReasonRefused,
	}
	plain := plainCancellation{c.Payment, c.Seq, outsideCancellation(c.State), c.Amount, p.Price.Currency, "", []plainPart{}, c.Created.UTC()}
	if c.State == CancelFailed {
		plain.Reason = c.Reason
	}
	for range rapid.IntRange(0, 3).Draw(t, "refunds") {
		r := Refund{Means: PG, Amount: rapid.Int64Range(0, MaxAmount).Draw(t, "refund"), Code: rapid.String().Draw(t, "refused"), State: rapid.SampledFrom([]RefundState{RefundPending, Refunded, RefundRefused}).Draw(t, "refunded")}
		c.Refunds = append(c.Refunds, r)
		status := string(r.State)
		if r.State == RefundPending {
			status = "PROCESSING"
		}
		plain.Refunds = append(plain.Refunds, plainPart{r.Means, r.Amount, status, r.Code})
	}
	return c, plain
}
