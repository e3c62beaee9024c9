package verify

import "strings"

// reconciled is invariant 13: what the means' statements say of a payment, and what our journal entries say the means owe us
// for it, are the same as multisets of kind, reference, amount, currency and business day; so their counts and sums are the
// same too. Four kinds of differences are told apart: missing here, missing there, amount, timing.
func reconciled(v *Verdict, c *Case) {
	var ours []owed
	if c.Row != nil {
		ours = c.Row.owed()
	}
	theirs := make([]owed, len(c.Stated))
	for i, l := range c.Stated {
		theirs[i] = owed{kind: l.Kind, means: l.means, reference: l.Reference, amount: l.Amount, currency: l.Currency, day: l.day}
		v.Reconciled.Statement.add(theirs[i])
	}
	for _, o := range ours {
		v.Reconciled.Ledger.add(o)
	}
	v.check(13, int64(len(ours)))
	for _, o := range ours {
		theirs = o.compare(v, c, theirs)
	}
	for _, t := range theirs {
		v.check(13, 1)
		v.violated(13, c, "", "missing here: the statement of %s of %s has a %s of %d %s under %s, and no journal entry has",
			t.means, t.day, t.kind, t.amount, t.currency, t.reference)
	}
}

// owed is one line of a statement, or the journal entry that stands for it.
type owed struct {
	kind, means, reference, currency, day string
	amount                                int64
}

// owed is what the journal says of the means: a debit for a capture, a credit for a refund.
func (p *Payment) owed() (list []owed) {
	for i := range p.Entries {
		e := &p.Entries[i]
		means, ok := strings.CutPrefix(e.Account, "receivable:")
		if !ok {
			continue
		}
		o := owed{kind: "capture", means: means, reference: e.Reference, amount: e.Amount, currency: e.Currency, day: e.Day.Format("2006-01-02")}
		if e.Amount < 0 {
			o.kind, o.amount = "refund", -e.Amount
		}
		list = append(list, o)
	}
	return list
}

// compare takes the line out of the statement that stands for the same, and tells what is different about it.
func (o owed) compare(v *Verdict, c *Case, theirs []owed) (left []owed) {
	best, found := owed{}, -1
	for i, t := range theirs {
		if t.kind == o.kind && t.means == o.means && t.reference == o.reference && (found < 0 || t == o) {
			best, found = t, i
		}
	}
	if found < 0 {
		v.violated(13, c, "", "missing there: a journal entry has a %s of %d %s under %s on %s, and no statement of %s has",
			o.kind, o.amount, o.currency, o.reference, o.day, o.means)
		return theirs
	}
	switch {
	case best.amount != o.amount || best.currency != o.currency:
		v.violated(13, c, "", "amount: a %s under %s is %d %s in the journal, and %d %s in the statement of %s",
			o.kind, o.reference, o.amount, o.currency, best.amount, best.currency, o.means)
	case best.day != o.day:
		v.violated(13, c, "", "timing: a %s under %s is of %s in the journal, and in the statement of %s of %s", o.kind, o.reference, o.day, o.means, best.day)
	}
	left = append(left, theirs[:found]...)
	return append(left, theirs[found+1:]...)
}

// Reconciled is both sides in counts and sums of minor units.
type Reconciled struct {
	Ledger    Sums `json:"ledger"`
	Statement Sums `json:"statement"`
}

// Sums are those of one side.
type Sums struct {
	Captures    int64 `json:"captures"`
	CapturesSum int64 `json:"captures_sum"`
	Refunds     int64 `json:"refunds"`
	RefundsSum  int64 `json:"refunds_sum"`
}

func (s *Sums) add(o owed) {
	if o.kind == "refund" {
		s.Refunds++
		s.RefundsSum += o.amount
		return
	}
	s.Captures++
	s.CapturesSum += o.amount
}
