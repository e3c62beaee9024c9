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

// finish writes what steps leave: event, open work, stored answer, journal, callback. The callers hold the payments' rows,
// each of another payment, and have them in order.
func finish(ctx context.Context, tx *sql.Tx, steps []step) error {
	var events list
	for _, s := range steps {
		addEvent(&events, s)
	}
	if err := writeEvents(ctx, tx, &events); err != nil {
		return err
	}
	if err := moveOpenWork(ctx, tx, steps); err != nil {
		return err
	}
	firstAnswers, err := storeAnswers(ctx, tx, steps)
	if err != nil {
		return err
	}
	if err := post(ctx, tx, steps); err != nil {
		return err
	}
	if firstAnswers {
		return nil // nobody was answered before, so nobody was answered 202
	}
	return leaveCallbacks(ctx, tx, steps)
}

func addEvent(events *list, s step) {
	events.row("(?,?,?,?,?,?,?,?,UTC_TIMESTAMP(6))", s.payment.ID, s.payment.Version, s.cancellation, s.from, s.to, s.cause, s.parts, s.actor)
}

func writeEvents(ctx context.Context, tx *sql.Tx, events *list) error {
	return exec(ctx, tx, `INSERT INTO payment_event (payment_id, seq, cancellation_seq, from_state, to_state, cause, legs, actor, at)
		VALUES `+events.marks.String(), events.args...)
}

// moveOpenWork deletes the work of what is final and writes, for all others, when who may look at it next.
func moveOpenWork(ctx context.Context, tx *sql.Tx, steps []step) error {
	var ended, going list
	var due, lease, owner, deferred choice
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
		due.when(id, "UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND", wait)
		lease.when(id, "UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND", nullMicros(s.work.Lease))
		owner.when(id, "?", holder)
		deferred.when(id, "?", s.work.Deferred)
	}
	if !ended.empty() {
		if err := exec(ctx, tx, "DELETE FROM open_payment WHERE (payment_id, cancellation_seq) IN ("+ended.marks.String()+")", ended.args...); err != nil {
			return err
		}
	}
	if going.empty() {
		return nil
	}
	return exec(ctx, tx, "UPDATE open_payment SET due_at = CASE payment_id"+due.marks.String()+" END, lease_until = CASE payment_id"+lease.marks.String()+
		" END, owner = CASE payment_id"+owner.marks.String()+" END, deferred = CASE payment_id"+deferred.marks.String()+
		" END WHERE (payment_id, cancellation_seq) IN ("+going.marks.String()+")",
		slices.Concat(due.args, lease.args, owner.args, deferred.args, going.args)...)
}

// storeAnswers stores the answers of those whose keys have none, in the order of the keys, as claims are. It waits for a
// key that somebody is just answering. first: all callbacks are of steps whose answer was stored now.
func storeAnswers(ctx context.Context, tx *sql.Tx, steps []step) (first bool, err error) {
	answered := byKey(steps, func(s step) bool { return s.answer != nil })
	called := byKey(steps, func(s step) bool { return s.callback != nil && s.answer == nil })
	if len(answered) == 0 {
		return len(called) == 0, nil
	}
	var status, body choice
	var keys list
	for _, s := range answered {
		status.when(s.payment.ID, "?", s.answer.Status)
		body.when(s.payment.ID, "?", s.answer.Body)
		keys.row("(?,?)", s.payment.Merchant, s.keyHash[:])
	}
	stored, err := affected(ctx, tx, "UPDATE idempotency_key SET status = CASE payment_id"+status.marks.String()+" END, body = CASE payment_id"+body.marks.String()+
		" END, answered_at = UTC_TIMESTAMP(6) WHERE (merchant_id, key_hash) IN ("+keys.marks.String()+") AND status IS NULL",
		slices.Concat(status.args, body.args, keys.args)...)
	return int(stored) == len(answered) && len(called) == 0, err
}

func byKey(steps []step, want func(step) bool) []step {
	chosen := slices.DeleteFunc(slices.Clone(steps), func(s step) bool { return !want(s) })
	slices.SortFunc(chosen, func(a, b step) int {
		return keyName{a.payment.Merchant, a.keyHash}.compare(keyName{b.payment.Merchant, b.keyHash})
	})
	return chosen
}

// post writes the journal. A plain INSERT: the same thing posted twice takes the same place, and is an error.
func post(ctx context.Context, tx *sql.Tx, steps []step) error {
	var entries list
	for _, s := range steps {
		for i := range s.posting {
			e := &s.posting[i]
			entries.row("(?,?,?,?,?,?,?,?,?,UTC_TIMESTAMP(6))", s.payment.ID, e.Seq, e.Posting, e.Account, e.Amount, e.Currency, e.Reference, e.BusinessDay(), nullTime(e.BookedAt))
		}
	}
	if entries.empty() {
		return nil
	}
	return exec(ctx, tx, `INSERT INTO journal_entry (payment_id, seq, posting, account, amount, currency, reference, business_day, booked_at, posted_at)
		VALUES `+entries.marks.String(), entries.args...)
}

// leaveCallbacks writes a callback for everyone who was answered 202 and has a place to be called at. By now each key has
// its answer for good, this transaction's or the one that was there: whoever comes to answer it later finds that.
func leaveCallbacks(ctx context.Context, tx *sql.Tx, steps []step) error {
	called := byKey(steps, func(s step) bool { return s.callback != nil })
	if len(called) == 0 {
		return nil
	}
	var version, kind, body, trace choice
	var keys list
	for _, s := range called {
		version.when(s.payment.ID, "?", s.payment.Version)
		kind.when(s.payment.ID, "?", s.callback.Type)
		body.when(s.payment.ID, "?", s.callback.Body)
		trace.when(s.payment.ID, "?", s.trace)
		keys.row("(?,?)", s.payment.Merchant, s.keyHash[:])
	}
	return exec(ctx, tx, `INSERT INTO callback (payment_id, cancellation_seq, version, merchant_id, type, body, trace, state, due_at, created_at)
		SELECT k.payment_id, k.cancellation_seq, CASE k.payment_id`+version.marks.String()+" END, k.merchant_id, CASE k.payment_id"+kind.marks.String()+
		" END, CASE k.payment_id"+body.marks.String()+" END, CASE k.payment_id"+trace.marks.String()+` END, 'PENDING', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6)
		FROM idempotency_key k JOIN merchant m ON m.id = k.merchant_id
		WHERE (k.merchant_id, k.key_hash) IN (`+keys.marks.String()+") AND k.status = 202 AND m.callback_url IS NOT NULL",
		slices.Concat(version.args, kind.args, body.args, trace.args, keys.args)...)
}
