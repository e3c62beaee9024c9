package payment_test

import (
	"slices"
	"strconv"
	"time"

	"gazua.example/payment-api/payment"
)

// database is the store in memory. Every verb is one transaction: it happens whole and at once, or not at all. What the
// verbs do is written by hand from what ports.go promises; the referee looks at every commit. Faults are not made here:
// see ports.
type database struct {
	now      func() time.Time
	rows     []*row // in the order of their creation
	keys     map[keyID]*keyRow
	guards   map[orderID]payment.ID
	archived payment.ID // ids up to this are in the archive
	referee  *referee
}

type keyID struct {
	merchant payment.MerchantID
	hash     [32]byte
}

type orderID struct {
	merchant payment.MerchantID
	order    string
}

type keyRow struct {
	requestHash  [32]byte
	payment      payment.ID
	cancellation uint32
	answer       *payment.Answer
}

// row is a payment with all that hangs on it.
type row struct {
	payment       payment.Payment
	cancellations []*payment.Cancellation
	work          []*work
	events        []payment.Event
	journal       []payment.Entry
	callbacks     []callbackRow
	starter       any               // who became the one to reserve and charge, and knows it
	leases        map[any]time.Time // until when each has held the payment
	decided       bool              // a person ended its REVIEW, or one of a cancellation
}

// work is a row of open_payment.
type work struct {
	id         payment.WorkID
	due, lease time.Time
	parked     bool // in REVIEW: there is no due time
	owner      string
	attempts   int
	deferred   bool
}

type callbackRow struct {
	version      uint32
	cancellation uint32
	payment.Callback
}

func newDatabase(now func() time.Time, r *referee) *database {
	return &database{now: now, keys: map[keyID]*keyRow{}, guards: map[orderID]payment.ID{}, referee: r}
}

func (d *database) row(id payment.ID) *row {
	for _, r := range d.rows {
		if r.payment.ID == id {
			return r
		}
	}
	return nil
}

// read is the payment as a statement reads it now.
func (d *database) read(r *row) *payment.Payment {
	p := clone(&r.payment)
	p.ReadAt = d.now()
	return p
}

func clone(p *payment.Payment) *payment.Payment {
	copied := *p
	copied.Legs = slices.Clone(p.Legs)
	return &copied
}

func cloneCancellation(c *payment.Cancellation) *payment.Cancellation {
	copied := *c
	copied.Refunds = slices.Clone(c.Refunds)
	return &copied
}

func (d *database) guard(p *payment.Payment) orderID { return orderID{p.Merchant, p.Order} }

// ---- what is written together with every step

func (r *row) event(d *database, cancellation uint32, from, to, cause string) {
	r.payment.Version++
	r.events = append(r.events, payment.Event{
		Version: r.payment.Version, At: d.now(), Cancellation: cancellation, From: from, To: to, Cause: cause,
	})
}

// open puts a piece of work on, or changes the one that is there.
func (r *row) open(d *database, id payment.WorkID, how payment.Work, parked bool, actor string) {
	w := r.workOf(id)
	if w == nil {
		w = &work{id: id}
		r.work = append(r.work, w)
	}
	w.due, w.lease, w.owner, w.parked, w.deferred = d.now().Add(how.Due), time.Time{}, "", parked, how.Deferred
	if how.Lease > 0 {
		w.lease, w.owner = d.now().Add(how.Lease), actor
	}
}

// leased keeps until when by holds the payment, for the referee.
func (r *row) leased(by any, id payment.WorkID) {
	if w := r.workOf(id); id.Cancellation == 0 && w != nil && w.owner != "" {
		if r.leases == nil {
			r.leases = map[any]time.Time{}
		}
		r.leases[by] = w.lease
	}
}

func (r *row) done(id payment.WorkID) {
	r.work = slices.DeleteFunc(r.work, func(w *work) bool { return w.id == id })
}

func (r *row) workOf(id payment.WorkID) *work {
	for _, w := range r.work {
		if w.id == id {
			return w
		}
	}
	return nil
}

// post adds to the journal. One seq twice is one thing posted twice: the real table's primary key refuses it.
func (r *row) post(d *database, entries []payment.Entry) {
	for i := range entries {
		for j := range r.journal {
			if r.journal[j].Seq == entries[i].Seq {
				d.referee.object("ledger", "payment %d posts seq %d twice", r.payment.ID, entries[i].Seq)
			}
		}
		r.journal = append(r.journal, entries[i])
	}
}

// end stores the answer of what is final, or the callback where the creator was answered 202 already.
func (r *row) end(d *database, key keyID, cancellation uint32, answer *payment.Answer, callback *payment.Callback) {
	k := d.keys[key]
	if k.answer == nil {
		k.answer = answer
	}
	if k.answer.Status != 202 {
		return
	}
	if callback == nil {
		d.referee.object("callback", "%d.%d was answered 202 and ends without a callback", r.payment.ID, cancellation)
		return
	}
	r.callbacks = append(r.callbacks, callbackRow{r.payment.Version, cancellation, *callback})
}

// legs writes the leg states for the story.
func refundStates(c *payment.Cancellation) string {
	text := strconv.FormatInt(c.Amount, 10)
	for i := range c.Refunds {
		text += " " + string(c.Refunds[i].Means) + " " + string(c.Refunds[i].State)
	}
	return text
}
