package verify

import (
	"context"

	"gazua.example/loadgen/verify/sorted"
)

// facts is what the sources said, each kind in the order in which it is judged. All of it is on disk but for a part of the
// memory that a sort may take, so what a verification needs does not grow with the run:
//
//	journal ──► by number ──fold──► promises by payment ─┐
//	        ──► callbacks by payment ────────────────────┤
//	book ─────► by payment ──────────────────────────────┼─ merged with the database's pages ──► judge
//	statements ► by payment ─────────────────────────────┘               │
//	                                                                     ├─► orders by name ─┐
//	book ─────► by order ────────────────────────────────────────────────┼───────────────────┴──► judgeOrders
//	journal ──► keys that were refused or probed, by key ────────────────┴─► keys used, by key ──► judgeKeys
type facts struct {
	space        *sorted.Space
	promises     *sorted.Values[Seen]
	calls        *sorted.Values[call]
	booked       *sorted.Values[movement]
	bookedOrders *sorted.Values[movement]
	stated       *sorted.Values[stated]
	orders       *sorted.Values[order]
	claims       *sorted.Values[claim]
	uses         *sorted.Values[keyUse]

	days map[businessOf]bool // on which a means has money of the run
}

func newFacts(space *sorted.Space) *facts {
	return &facts{
		space: space, promises: promisesByPayment(space), calls: callsByPayment(space),
		booked: movementsByPayment(space), bookedOrders: movementsByOrder(space), stated: statedByPayment(space),
		orders: ordersByName(space), claims: claimsByKey(space), uses: usesByKey(space),
		days: map[businessOf]bool{},
	}
}

// gather reads the journal, the books and the statements.
func (f *facts) gather(ctx context.Context, from Sources, scope Scope, v *Verdict) error {
	if err := readJournal(from.Journal, f, v); err != nil {
		return err
	}
	for _, full := range []interface{ Seal() error }{f.promises, f.calls, f.claims} {
		if err := full.Seal(); err != nil {
			return err
		}
	}
	if err := readBook(ctx, from.Book, scope, f, v); err != nil {
		return err
	}
	return readStatements(ctx, from.Statement, scope, f)
}

// addPromise takes over what the client planned and saw of one payment.
func (f *facts) addPromise(s *Seen) error {
	if s.ID != 0 {
		if err := f.promises.Add(s); err != nil {
			return err
		}
	}
	plan := order{merchant: s.Merchant, name: s.Order, amount: s.Amount, planned: true, refused: s.createdNothing(), hash: s.Key}
	if err := f.orders.Add(&plan); err != nil {
		return err
	}
	return f.addClaims(s)
}
