package verify

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// settledByHand is what the number of a posting has more when a person ended the cancellation.
const settledByHand = 1_000_000

// conserved is invariant 5: the entries of each posting sum to zero in each currency; a PAID payment has its capture
// posted, leg by leg, a cancellation that SUCCEEDED its refunds, one in REVIEW what was given back, and one that a person
// ended what that person made of it; and nothing else has a posting. What is expected is computed here from the legs and
// refunds; that those are true is for invariants 2 and 13.
func conserved(v *Verdict, c *Case) {
	if c.Row == nil {
		return
	}
	expected := c.Row.expectedPostings()
	found := map[uint32]balances{}
	for i := range c.Row.Entries {
		e := &c.Row.Entries[i]
		if found[e.Posting] == nil {
			found[e.Posting] = balances{}
		}
		found[e.Posting].add(e.Account, e.Reference, e.Currency, e.Amount)
	}
	numbers := maps.Clone(found)
	for n := range expected {
		numbers[n] = nil
	}
	for _, n := range slices.Sorted(maps.Keys(numbers)) {
		v.check(5, 1)
		switch sum := found[n].sum(); {
		case sum != "":
			v.violated(5, c, "", "%s sums to %s, not to zero", postingName(n), sum)
		case expected[n] == nil:
			v.violated(5, c, "", "%s is there (%s), and there is nothing to post: the payment is %s", postingName(n), found[n], c.Row.standing())
		case found[n] == nil:
			v.violated(5, c, "", "%s is missing: the payment is %s", postingName(n), c.Row.standing())
		case !maps.Equal(found[n], expected[n]):
			v.violated(5, c, "", "%s is %s, and must be %s", postingName(n), found[n], expected[n])
		}
	}
}

// balances is what a posting adds to each account, in one currency each. What the means owe us is kept by reference, since
// that is how they name it; the other accounts are sums.
type balances map[balanceKey]int64

type balanceKey struct{ account, reference, currency string }

func (b balances) add(account, reference, currency string, amount int64) {
	if !strings.HasPrefix(account, "receivable:") {
		reference = ""
	}
	key := balanceKey{account, reference, currency}
	if b[key] += amount; b[key] == 0 {
		delete(b, key)
	}
}

// sum is empty when every currency sums to zero.
func (b balances) sum() string {
	sums := map[string]int64{}
	for key, amount := range b {
		sums[key.currency] += amount
	}
	var uneven []string
	for _, currency := range slices.Sorted(maps.Keys(sums)) {
		if sums[currency] != 0 {
			uneven = append(uneven, fmt.Sprintf("%d %s", sums[currency], currency))
		}
	}
	return strings.Join(uneven, ", ")
}

func (b balances) String() string {
	var parts []string
	for key, amount := range b {
		parts = append(parts, strings.TrimSuffix(fmt.Sprintf("%s %+d %s %s", key.account, amount, key.currency, key.reference), " "))
	}
	slices.Sort(parts)
	return "[" + strings.Join(parts, "; ") + "]"
}

const (
	payable  = "payable:MERCHANT"
	suspense = "suspense:REVIEW"
	byHand   = "by-hand:SETTLEMENT"
)

// expectedPostings computes what must be posted for the payment as it stands.
func (p *Payment) expectedPostings() map[uint32]balances {
	postings := map[uint32]balances{}
	move := func(n uint32, debit, credit, reference string, amount int64) {
		if postings[n] == nil {
			postings[n] = balances{}
		}
		postings[n].add(debit, reference, p.Currency, amount)
		postings[n].add(credit, reference, p.Currency, -amount)
	}
	if p.State == "PAID" {
		for _, leg := range p.Legs {
			move(0, "receivable:"+leg.Means, payable, leg.Reference, leg.Amount)
		}
	}
	for _, of := range p.Cancellations {
		decided := p.decidedByHand(of)
		from := payable
		if decided || of.State == "REVIEW" {
			from = suspense
		}
		for _, r := range of.Refunds {
			given := r.State == "REFUNDED"
			if given && (from == suspense || of.State == "SUCCEEDED") {
				move(of.Seq, from, "receivable:"+r.Means, r.Reference, r.Amount)
			}
			switch {
			case !decided:
			case of.State == "SUCCEEDED" && given:
				move(settledByHand+of.Seq, payable, suspense, "", r.Amount)
			case of.State == "SUCCEEDED":
				move(settledByHand+of.Seq, payable, byHand, "", r.Amount)
			case of.State == "FAILED" && given:
				move(settledByHand+of.Seq, byHand, suspense, "", r.Amount)
			}
		}
	}
	return postings
}

func postingName(n uint32) string {
	switch {
	case n == 0:
		return "the posting of the capture"
	case n > settledByHand:
		return fmt.Sprintf("the posting of what a person made of cancellation %d", n-settledByHand)
	}
	return fmt.Sprintf("the posting of cancellation %d", n)
}

// standing names the states of a payment and its cancellations.
func (p *Payment) standing() string {
	if p.Missing {
		return "not there"
	}
	text := p.State
	for _, of := range p.Cancellations {
		text += fmt.Sprintf(", cancellation %d %s", of.Seq, of.State)
	}
	return text
}
