package mysql

import (
	"context"
	"database/sql"
	"slices"

	"gazua.example/payment-api/payment"
)

// step is what the moves of payments and those of cancellations have in common: what they leave besides the rows of what
// moved.
type step struct {
	payment      *payment.Payment // as it is now
	cancellation uint32           // 0: the payment's own step
	keyHash      [32]byte         // of who asked for what moved

	from, to, parts string // for the event: the states, and those of the legs or refunds
	cause, actor    string

	ended, review bool // what becomes of the open work
	work          payment.Work

	answer   *payment.Answer
	posting  []payment.Entry
	callback *payment.Callback
	trace    string // of the callback
}

// finish sends p, in which the callers have moved what moves, with all that the steps leave: event, open work, stored answer,
// journal, callback. The callers hold the payments' rows then, each of another payment, and have them in order. hit says
// from the counts whether every compare-and-set of p did.
func finish(ctx context.Context, t *transaction, p *packet, steps []step, hit func(counts []int64) bool) error {
	var events list
	for _, s := range steps {
		addEvent(&events, s)
	}
	writeEvents(p, &events)
	moveOpenWork(p, steps)
	answers, answered := storeAnswers(p, steps)
	post(p, steps)
	// Who was told to look later is called back. Of those whose answer is stored only now this is known when the count is.
	callback := func(s step) bool { return s.callback != nil }
	told := func(s step) bool { return s.callback != nil && s.answer == nil }
	leaveCallbacks(p, steps, told)
	counts, err := t.send(ctx, p)
	switch {
	case isDuplicateIn(err, "payment_event"): // somebody else has made this version
		return errNotAll
	case err != nil:
		return err
	case !hit(counts):
		return errNotAll
	case answered == 0 || int(counts[answers]) == answered:
		return nil
	}
	rest := t.packet()
	leaveCallbacks(rest, steps, func(s step) bool { return callback(s) && !told(s) })
	if rest.size == 0 {
		return nil
	}
	_, err = t.send(ctx, rest)
	return err
}

func addEvent(events *list, s step) {
	events.row("(?,?,?,?,?,?,?,?,UTC_TIMESTAMP(6))", s.payment.ID, s.payment.Version, s.cancellation, s.from, s.to, s.cause, s.parts, s.actor)
}

func writeEvents(p *packet, events *list) {
	p.add("INSERT INTO payment_event (payment_id, seq, cancellation_seq, from_state, to_state, cause, legs, actor, at) VALUES "+events.marks.String(), events.args...)
}

// moveOpenWork deletes the work of what is final and writes, for all others, when who may look at it next. The primary key
// is named: of a table with few rows the server would rather read all, and wait for those that others are just inserting.
func moveOpenWork(p *packet, steps []step) {
	var ended, going list
	due, lease := byID("payment_id", "due_at", "UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND"), byID("payment_id", "lease_until", "UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND")
	owner, deferred := byID("payment_id", "owner", "?"), byID("payment_id", "deferred", "?")
	for _, s := range steps {
		id := s.payment.ID
		if s.ended {
			ended.row("(?,?)", id, s.cancellation)
			continue
		}
		going.row("(?,?)", id, s.cancellation)
		holder, wait := "", sql.NullInt64{Int64: micros(s.work.Due), Valid: !s.review}
		if s.work.Lease > 0 {
			holder = s.actor
		}
		due.of(id, wait)
		lease.of(id, nullMicros(s.work.Lease))
		owner.of(id, holder)
		deferred.of(id, s.work.Deferred)
	}
	if !ended.empty() {
		p.add("DELETE /*+ INDEX(open_payment PRIMARY) */ FROM open_payment WHERE (payment_id, cancellation_seq) IN ("+ended.marks.String()+")", ended.args...)
	}
	if !going.empty() {
		set, args := assign(due, lease, owner, deferred)
		p.add("UPDATE open_payment FORCE INDEX (PRIMARY) SET "+set+" WHERE (payment_id, cancellation_seq) IN ("+going.marks.String()+")", slices.Concat(args, going.args)...)
	}
}

// storeAnswers stores the answers of those whose keys have none, in the order of the keys, as claims are. It waits for a
// key that somebody is just answering. of: how many; at: where their count stands.
func storeAnswers(p *packet, steps []step) (at, of int) {
	answered := byKey(steps, func(s step) bool { return s.answer != nil })
	if len(answered) == 0 {
		return 0, 0
	}
	status, body := byID("payment_id", "status", "?"), byID("payment_id", "body", "?")
	var keys list
	for _, s := range answered {
		status.of(s.payment.ID, s.answer.Status)
		body.of(s.payment.ID, s.answer.Body)
		keys.row("(?,?)", s.payment.Merchant, s.keyHash[:])
	}
	set, args := assign(status, body)
	return p.add("UPDATE idempotency_key FORCE INDEX (PRIMARY) SET "+set+", answered_at = UTC_TIMESTAMP(6) WHERE (merchant_id, key_hash) IN ("+keys.marks.String()+
		") AND status IS NULL", slices.Concat(args, keys.args)...), len(answered)
}

func byKey(steps []step, want func(step) bool) []step {
	chosen := slices.DeleteFunc(slices.Clone(steps), func(s step) bool { return !want(s) })
	slices.SortFunc(chosen, func(a, b step) int {
		return keyName{a.payment.Merchant, a.keyHash}.compare(keyName{b.payment.Merchant, b.keyHash})
	})
	return chosen
}

// post writes the journal. A plain INSERT: the same thing posted twice takes the same place, and is an error.
func post(p *packet, steps []step) {
	var entries list
	for _, s := range steps {
		for i := range s.posting {
			e := &s.posting[i]
			entries.row("(?,?,?,?,?,?,?,?,?,UTC_TIMESTAMP(6))", s.payment.ID, e.Seq, e.Posting, e.Account, e.Amount, e.Currency, e.Reference, e.BusinessDay(), nullTime(e.BookedAt))
		}
	}
	if !entries.empty() {
		p.add("INSERT INTO journal_entry (payment_id, seq, posting, account, amount, currency, reference, business_day, booked_at, posted_at) VALUES "+
			entries.marks.String(), entries.args...)
	}
}

// leaveCallbacks writes a callback for everyone of these who was answered 202 and has a place to be called at. By now each
// key has its answer for good, this transaction's or the one that was there: whoever comes to answer it later finds that.
func leaveCallbacks(p *packet, steps []step, which func(step) bool) {
	called := byKey(steps, which)
	if len(called) == 0 {
		return
	}
	version, kind := byID("k.payment_id", "version", "?"), byID("k.payment_id", "type", "?")
	body, trace := byID("k.payment_id", "body", "?"), byID("k.payment_id", "trace", "?")
	var keys list
	for _, s := range called {
		version.of(s.payment.ID, s.payment.Version)
		kind.of(s.payment.ID, s.callback.Type)
		body.of(s.payment.ID, s.callback.Body)
		trace.of(s.payment.ID, s.trace)
		keys.row("(?,?)", s.payment.Merchant, s.keyHash[:])
	}
	values, args := chosen(version, kind, body, trace)
	p.add("INSERT INTO callback (payment_id, cancellation_seq, merchant_id, version, type, body, trace, state, due_at, created_at) SELECT k.payment_id, k.cancellation_seq, k.merchant_id, "+
		values+`, 'PENDING', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) FROM idempotency_key k FORCE INDEX (PRIMARY) JOIN merchant m ON m.id = k.merchant_id
		WHERE (k.merchant_id, k.key_hash) IN (`+keys.marks.String()+") AND k.status = 202 AND m.callback_url IS NOT NULL", slices.Concat(args, keys.args)...)
}
