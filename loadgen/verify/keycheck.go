package verify

import "context"

// judgeKeys judges what hangs on idempotency keys and not on a payment's id. What is known of each key comes together in the
// order of the keys: what the client expects of it, what rows it made, and what is stored under it.
//
// Invariant 8: a request all of whose attempts were answered, each with a 4xx that speaks of this request, has left no key,
// no payment and no cancellation behind (nor, where no other request for its order came through, a payment of that order or
// anything in the book: nothingOfRefused).
//
// Invariant 9, second part: a key that probes were sent with still leads to the payment that it made, with the answer that
// the client has; and nothing but one was made by one key.
func (f *facts) judgeKeys(ctx context.Context, v *Verdict, database pages) error {
	claims := newStream("the keys of requests", f.claims.All(), func(c *claim) claimed { return c.claimed })
	defer claims.stop()
	uses := newStream("the keys of rows", f.uses.All(), func(u *keyUse) claimed { return u.claimed })
	defer uses.stop()
	stored := lookup{verdict: v, database: database, found: map[claimed]storedKey{}}
	for streams := []headed[claimed]{claims, uses}; ; {
		key, more, err := lowest(claimed.compare, streams)
		if err != nil {
			return err
		}
		if !more {
			return stored.judge(ctx)
		}
		expected, made := expectation(claims.take(key)), uses.take(key)
		if err := firstError(streams); err != nil {
			return err
		}
		oneKeyOneUse(v, made)
		if expected == nil {
			continue
		}
		if expected.refused {
			v.check(8, 1)
			nothingByKey(v, expected, made)
		}
		if err := stored.add(ctx, *expected); err != nil {
			return err
		}
	}
}

// expectation is what is expected of a key: that it left nothing behind, when any request with it says so.
func expectation(claims []claim) (expected *claim) {
	for i := range claims {
		if expected == nil || claims[i].refused {
			expected = &claims[i]
		}
	}
	return expected
}

func oneKeyOneUse(v *Verdict, made []keyUse) {
	for i := 1; i < len(made); i++ {
		first, second := &made[i-1], &made[i]
		if first.cancellation == 0 && second.cancellation == 0 {
			v.violated(9, &Case{ID: second.payment}, second.order, "one key made two payments, %d and this one", first.payment)
		} else {
			v.violated(9, &Case{ID: second.payment}, second.order, "one key made cancellation %d of payment %d, and cancellation %d of this one (0: the payment)",
				first.cancellation, first.payment, second.cancellation)
		}
	}
}

func nothingByKey(v *Verdict, expected *claim, made []keyUse) {
	for i := range made {
		c := &Case{ID: made[i].payment}
		if made[i].cancellation == 0 {
			v.violated(8, c, expected.order, "every attempt was refused with a 4xx, and the payment was made by that key")
		} else {
			v.violated(8, c, expected.order, "every attempt to cancel with that key was refused with a 4xx, and it made cancellation %d", made[i].cancellation)
		}
	}
}

// lookup gathers keys and looks them up in the database, many at once. They come in the order of its primary key, so that a
// batch lies close together; and only those are read of which something is expected, which are far fewer than there are.
type lookup struct {
	verdict  *Verdict
	database pages
	batch    []claim
	found    map[claimed]storedKey
}

func (l *lookup) add(ctx context.Context, of claim) error {
	if l.batch = append(l.batch, of); len(l.batch) < keyBatch {
		return nil
	}
	return l.judge(ctx)
}

func (l *lookup) judge(ctx context.Context) error {
	clear(l.found)
	wanted := make([]claimed, len(l.batch))
	for i := range l.batch {
		wanted[i] = l.batch[i].claimed
	}
	if err := l.database.Keys(ctx, wanted, func(key claimed, stored storedKey) { l.found[key] = stored }); err != nil {
		return err
	}
	for i := range l.batch {
		of := &l.batch[i]
		stored, kept := l.found[of.claimed]
		if of.refused {
			if kept {
				l.verdict.violated(8, &Case{ID: stored.payment}, of.order, "every attempt with one of its keys was refused with a 4xx, and that key is kept")
			}
			continue
		}
		l.verdict.check(9, 1)
		switch {
		case !kept:
			l.verdict.violated(9, &Case{ID: of.payment}, of.order, "its key is gone, so the same request again would pay again")
		case stored.payment != of.payment || stored.status != of.status || stored.body != of.body:
			l.verdict.violated(9, &Case{ID: of.payment}, of.order,
				"the client has %d with body %016x for payment %d, and its key stands for %d with body %016x for payment %d",
				of.status, of.body, of.payment, stored.status, stored.body, stored.payment)
		}
	}
	l.batch = l.batch[:0]
	return nil
}
