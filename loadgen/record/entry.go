package record

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"gazua.example/loadgen/scenario"
)

// Version is the version of the journal's format. A reader refuses any other.
const Version = 2

// Entry is one line of the journal. Kind says which fields it has:
//
//	h   header: version, run, the wall clock of the run's start; always the first line
//	p   a payment as planned: number, planned time, order, merchant, amount, currency, legs, key, async
//	u   a planned payment that was never sent, because a bound of the generator was reached
//	a   one attempt to create it: sent, done, and what came of it
//	g   one look at it (GET): the same
//	f   its end as the client sees it: PAID, FAILED, rejected (a definite 4xx) or gave-up
//	x   one attempt of a probe, a request that must not make a second payment: what it probes, its key and what came of it
//	xg  one look at the payment that a probe made (the payment's first request had failed meanwhile)
//	xf  the end of a probe: answered (a definite 4xx, or an answer given before), PAID or FAILED of a payment that it made,
//	    or gave-up
//	c   one attempt to cancel: which cancellation of the payment, the amount asked for (0: all that is left), its key, and
//	    what came of it
//	cg  one look at the cancellation: the same, with the amount that the answer names
//	cf  its end: SUCCEEDED, FAILED, rejected (a definite 4xx) or gave-up
//	w   a callback that was received: its type, the payment and its version, the cancellation where it tells of one, the
//	    state that it tells, the amount canceled so far, whether its signature is valid, what the client answered and why
//	    (err). It belongs to a payment by id, and has no number
//
// A payment has one request in flight, except that its two cancellations may be sent at once, and a probe beside its
// first attempt: lines of one kind, number and cancellation (or probe) are in the order in which the client saw them. So
// it may be an early replay that makes the payment, and the first attempt that gets the answer given before.
//
// Times are microseconds since the run's start. Fields are short because a run of ten million payments has fifty million
// lines. Tokens are not kept: the seed makes them again, and they would be half of the file.
type Entry struct {
	Kind     string    `json:"k"`
	Version  int       `json:"v,omitempty"`
	Run      string    `json:"run,omitempty"`
	Start    time.Time `json:"start,omitzero"`
	Number   int       `json:"n"`
	Cancel   int       `json:"c,omitempty"`   // which cancellation of this payment, from 0 (c, cg, cf)
	At       int64     `json:"at,omitempty"`  // planned (p, u) or final (f, cf, xf)
	Order    string    `json:"o,omitempty"`   // planned (p), or as the answer named it
	Merchant uint32    `json:"m,omitempty"`   // planned (p), or whose address was called (w)
	Amount   int64     `json:"amt,omitempty"` // planned (p), asked for (c), canceled (w), or as the answer named it
	Currency string    `json:"cur,omitempty"`
	Legs     []Leg     `json:"legs,omitempty"`
	What     string    `json:"x,omitempty"` // a probe's sort (replay, reuse, order), or a callback's type (w)
	Key      string    `json:"key,omitempty"`
	Async    bool      `json:"async,omitempty"`
	Sent     int64     `json:"s,omitempty"`
	Done     int64     `json:"d,omitempty"`    // when the answer was there, or the callback (w)
	Status   int       `json:"st,omitempty"`   // of the answer; of a callback: what the client answered
	Class    string    `json:"err,omitempty"`  // why there was no answer; why a callback was not taken
	Problem  string    `json:"prob,omitempty"` // of a 4xx or 5xx
	ID       string    `json:"id,omitempty"`   // of the payment
	Seq      int       `json:"cs,omitempty"`   // of the cancellation, as the API numbers it; 0 in a callback about the payment
	State    string    `json:"b,omitempty"`    // as the body said (of a callback: of what it tells of), or the end (f, cf, xf)
	Hash     string    `json:"h,omitempty"`    // of a 2xx body: the first 8 bytes of its SHA-256 in hex
	Replayed bool      `json:"rep,omitempty"`  // the answer is marked as one given before
	Revision int       `json:"ver,omitempty"`  // the payment's version (w)
	Signed   bool      `json:"ok,omitempty"`   // the signature is valid (w)
}

// The sorts of probes.
const (
	Replay = string(scenario.Replay)    // the same request with the same key: the same answer
	Reuse  = string(scenario.ReuseKey)  // the same key with another amount: 422
	Order  = string(scenario.SameOrder) // the same order with another key: 409, or a new payment after the first one failed
)

// Leg is one leg of a planned payment.
type Leg struct {
	Means  string `json:"w"`
	Amount int64  `json:"amt"`
}

// Decode reads one line. It is strict: what this version does not know is an error, since a verifier that skips what it
// does not understand proves nothing.
func Decode(line []byte) (Entry, error) {
	var e Entry
	if !decodeOwn(line, &e) {
		var err error
		if e, err = decodeAny(line); err != nil {
			return Entry{}, err
		}
	}
	switch e.Kind {
	case "h":
		if e.Version != Version {
			return Entry{}, fmt.Errorf("the journal has version %d; this program reads version %d", e.Version, Version)
		}
	case "p", "u", "a", "g", "f", "x", "xg", "xf", "c", "cg", "cf", "w":
		if e.Number < 0 || e.Cancel < 0 {
			return Entry{}, fmt.Errorf("decode journal line: payment %d, cancellation %d", e.Number, e.Cancel)
		}
	default:
		return Entry{}, fmt.Errorf("decode journal line: no entry has kind %q", e.Kind)
	}
	return e, nil
}

// appendEntry writes a line by hand: with encoding/json the journal would cost as much as the requests do. Every text
// that the client itself makes is plain ASCII; what came from the network goes through quote.
func appendEntry(b []byte, e *Entry) []byte {
	b = append(append(b, `{"k":"`...), e.Kind...)
	b = append(b, '"')
	if e.Kind == "h" {
		b = number(b, `,"v":`, int64(e.Version))
		b = quote(b, `,"run":`, e.Run)
		b = quote(b, `,"start":`, e.Start.UTC().Format(time.RFC3339Nano))
	}
	b = strconv.AppendInt(append(b, `,"n":`...), int64(e.Number), 10)
	b = number(b, `,"c":`, int64(e.Cancel))
	b = number(b, `,"at":`, e.At)
	b = quote(b, `,"o":`, e.Order)
	b = number(b, `,"m":`, int64(e.Merchant))
	b = number(b, `,"amt":`, e.Amount)
	b = quote(b, `,"cur":`, e.Currency)
	if len(e.Legs) > 0 {
		b = append(b, `,"legs":[`...)
		for i, leg := range e.Legs {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(append(b, `{"w":"`...), leg.Means...)
			b = append(strconv.AppendInt(append(b, `","amt":`...), leg.Amount, 10), '}')
		}
		b = append(b, ']')
	}
	b = quote(b, `,"x":`, e.What)
	b = quote(b, `,"key":`, e.Key)
	b = flag(b, `,"async":true`, e.Async)
	b = number(b, `,"s":`, e.Sent)
	b = number(b, `,"d":`, e.Done)
	b = number(b, `,"st":`, int64(e.Status))
	b = quote(b, `,"err":`, e.Class)
	b = quote(b, `,"prob":`, e.Problem)
	b = quote(b, `,"id":`, e.ID)
	b = number(b, `,"cs":`, int64(e.Seq))
	b = quote(b, `,"b":`, e.State)
	b = quote(b, `,"h":`, e.Hash)
	b = flag(b, `,"rep":true`, e.Replayed)
	b = number(b, `,"ver":`, int64(e.Revision))
	b = flag(b, `,"ok":true`, e.Signed)
	return append(b, '}', '\n')
}

func number(b []byte, field string, v int64) []byte {
	if v == 0 {
		return b
	}
	return strconv.AppendInt(append(b, field...), v, 10)
}

func flag(b []byte, field string, set bool) []byte {
	if !set {
		return b
	}
	return append(b, field...)
}

// quote writes a text, by the slow way only when it holds what a JSON text must escape.
func quote(b []byte, field, text string) []byte {
	if text == "" {
		return b
	}
	b = append(b, field...)
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			escaped, _ := json.Marshal(text) // cannot fail: it is a string
			return append(b, escaped...)
		}
	}
	b = append(append(b, '"'), text...)
	return append(b, '"')
}

// planned turns a payment into its entry.
func planned(kind string, p *scenario.Payment, merchant uint32, at time.Duration) Entry {
	legs := make([]Leg, len(p.Legs))
	for i, leg := range p.Legs {
		legs[i] = Leg{Means: string(leg.Means), Amount: leg.Amount}
	}
	return Entry{
		Kind: kind, Number: p.Number, At: at.Microseconds(), Order: p.Order, Merchant: merchant,
		Amount: p.Amount, Currency: p.Currency, Legs: legs, Key: p.Key, Async: p.Async,
	}
}
