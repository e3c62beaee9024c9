package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"gazua.example/loadgen/scenario"
)

// Version is the version of the journal's format. A reader refuses any other.
const Version = 1

// Entry is one line of the journal. Kind says which fields it has:
//
//	h  header: version, run, the wall clock of the run's start; always the first line
//	p  a payment as planned: number, planned time, order, merchant, amount, currency, legs, key, async
//	u  a planned payment that was never sent, because a bound of the generator was reached
//	a  one attempt to create it: sent, done, and what came of it
//	g  one look at it (GET): the same
//	f  its end as the client sees it: PAID, FAILED, rejected (a definite 4xx) or gave-up
//
// Times are microseconds since the run's start. Fields are short because a run of ten million payments has fifty million
// lines.
type Entry struct {
	Kind     string    `json:"k"`
	Version  int       `json:"v,omitempty"`
	Run      string    `json:"run,omitempty"`
	Start    time.Time `json:"start,omitzero"`
	Number   int       `json:"n"`
	At       int64     `json:"at,omitempty"` // planned (p, u) or final (f)
	Order    string    `json:"o,omitempty"`  // planned (p), or as the answer named it
	Merchant uint32    `json:"m,omitempty"`
	Amount   int64     `json:"amt,omitempty"` // planned (p), or as the answer named it
	Currency string    `json:"cur,omitempty"`
	Legs     []Leg     `json:"legs,omitempty"`
	Key      string    `json:"key,omitempty"`
	Async    bool      `json:"async,omitempty"`
	Sent     int64     `json:"s,omitempty"`
	Done     int64     `json:"d,omitempty"`
	Status   int       `json:"st,omitempty"`
	Class    string    `json:"err,omitempty"`  // why there was no answer
	Problem  string    `json:"prob,omitempty"` // of a 4xx or 5xx
	ID       string    `json:"id,omitempty"`   // of the payment
	State    string    `json:"b,omitempty"`    // as the body said, or the end (f)
}

// Leg is one leg of a planned payment.
type Leg struct {
	Means  string `json:"w"`
	Amount int64  `json:"amt"`
	Token  string `json:"t"`
}

// Decode reads one line. It is strict: what this version does not know is an error, since a verifier that skips what it
// does not understand proves nothing.
func Decode(line []byte) (Entry, error) {
	var e Entry
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&e); err != nil {
		return Entry{}, fmt.Errorf("decode journal line: %w", err)
	}
	if decoder.More() {
		return Entry{}, fmt.Errorf("decode journal line: more than one value")
	}
	switch e.Kind {
	case "h":
		if e.Version != Version {
			return Entry{}, fmt.Errorf("the journal has version %d; this program reads version %d", e.Version, Version)
		}
	case "p", "u", "a", "g", "f":
		if e.Number < 0 {
			return Entry{}, fmt.Errorf("decode journal line: payment %d", e.Number)
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
			b = strconv.AppendInt(append(b, `","amt":`...), leg.Amount, 10)
			b = append(append(append(b, `,"t":"`...), leg.Token...), `"}`...)
		}
		b = append(b, ']')
	}
	b = quote(b, `,"key":`, e.Key)
	if e.Async {
		b = append(b, `,"async":true`...)
	}
	b = number(b, `,"s":`, e.Sent)
	b = number(b, `,"d":`, e.Done)
	b = number(b, `,"st":`, int64(e.Status))
	b = quote(b, `,"err":`, e.Class)
	b = quote(b, `,"prob":`, e.Problem)
	b = quote(b, `,"id":`, e.ID)
	b = quote(b, `,"b":`, e.State)
	return append(b, '}', '\n')
}

func number(b []byte, field string, v int64) []byte {
	if v == 0 {
		return b
	}
	return strconv.AppendInt(append(b, field...), v, 10)
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
		legs[i] = Leg{Means: string(leg.Means), Amount: leg.Amount, Token: leg.Token}
	}
	return Entry{
		Kind: kind, Number: p.Number, At: at.Microseconds(), Order: p.Order, Merchant: merchant,
		Amount: p.Amount, Currency: p.Currency, Legs: legs, Key: p.Key, Async: p.Async,
	}
}
