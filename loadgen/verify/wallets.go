package verify

// Wallets are a part of invariant 4: what the points' and coupons' book takes from a wallet is never more than it was funded
// with. A wallet is followed from the entry that funds it; one that was funded before the run, or never, has no bound here.
//
// What is kept is a number for each wallet that was funded, and not for each payment.
type wallets map[wallet]int64

// wallet is one member's points, or one coupon, at one instance.
type wallet struct {
	instance                int
	means, source, currency string
}

// follow plays one entry, in the order of its book, and tells when a wallet goes below zero.
func (w wallets) follow(v *Verdict, instance int, e *Entry) {
	if e.Source == "" {
		return
	}
	of := wallet{instance, e.Means, e.Source, e.Currency}
	if e.Effect == "funded" {
		w[of] = e.Amount
		return
	}
	balance, funded := w[of]
	if !funded {
		return
	}
	switch e.Effect {
	case "held", "charged":
		balance -= e.Amount
	case "released", "expired":
		if e.Transaction == "" {
			return // there was nothing to give back: a tombstone for what may come
		}
		balance += e.Amount
	case "voided", "refunded":
		balance += e.Amount
	default:
		return
	}
	w[of] = balance
	v.check(4, 1)
	if balance < 0 {
		name, _ := ParseReference(e.Reference)
		v.violated(4, &Case{ID: name.Payment}, e.Order, "at seq %d of the book, %s of wallet %s has been taken below zero, to %d %s", e.Seq, e.Means, e.Source, balance, e.Currency)
	}
}
