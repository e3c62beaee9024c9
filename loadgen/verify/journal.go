package verify

import (
	"fmt"

	"gazua.example/loadgen/record"
	"gazua.example/loadgen/verify/sorted"
)

// maxPayments bounds what a damaged journal can ask for.
const maxPayments = 100_000_000

// readJournal takes the client's journal apart: its callbacks at once, its lines about payments after they were sorted by
// payment. It judges what needs no other source.
func readJournal(path string, f *facts, v *Verdict) error {
	lines := linesByNumber(f.space)
	defer lines.Close()
	err := record.Read(path, func(e record.Entry) error {
		switch e.Kind {
		case "h":
			v.Run = e.Run
			return nil
		case "w":
			c := received(&e)
			v.Callbacks++
			judgeSignature(v, &c)
			if c.payment == 0 {
				return nil // nothing more can be held against it
			}
			return f.calls.Add(&c)
		case "u", "f", "xf", "cf":
			return nil // what was never sent, and how the client calls what its other lines show
		case "p", "a", "g", "x", "xg", "c", "cg":
			if e.Number > maxPayments {
				return fmt.Errorf("the journal names payment %d; more than %d are not verified", e.Number, maxPayments)
			}
			return lines.Add(&e)
		}
		return fmt.Errorf("the journal has a line of kind %q that the verifier does not know", e.Kind)
	})
	if err != nil {
		return err
	}
	return foldLines(lines, f, v)
}

// foldLines folds the lines of each payment.
func foldLines(lines *sorted.Values[record.Entry], f *facts, v *Verdict) error {
	of := folding{verdict: v}
	for e, err := range lines.All() {
		if err != nil {
			return err
		}
		if e.Number != of.own.Number {
			if err := f.promised(&of, v); err != nil {
				return err
			}
			of.next(e.Number)
		}
		if err := of.fold(&e); err != nil {
			return err
		}
	}
	return f.promised(&of, v)
}

// promised takes over what was folded of one payment. Only one that was sent counts.
func (f *facts) promised(of *folding, v *Verdict) error {
	for i, s := range of.ended() {
		if i == 0 {
			v.Sent++
		}
		v.CancellationsSent += int64(len(s.Cancels))
		nameless(v, s)
		if err := f.addPromise(s); err != nil {
			return err
		}
	}
	return nil
}

// nameless is the part of invariant 7 that no payment can be held against: a 2xx that names none.
func nameless(v *Verdict, s *Seen) {
	if s.ID == 0 && s.Told > 0 {
		v.check(7, int64(s.Told))
		v.violated(7, &Case{}, s.Order, "the client got a 2xx for it that names no payment: %s", s.Contrary)
	}
}
