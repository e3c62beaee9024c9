// Package verify judges a run. It compares sources that share no code with the system: the client's journal (what it
// sent, saw and was called back), the payment database, the mock PG's book of what was really booked, and the means'
// statements.
//
// Each source becomes a stream sorted by payment id; the streams are merged, and each payment is judged with what all of
// them say about it. Invariant 1 is judged a second way, by order, because it must hold at every prefix of the book; 8 and
// 9 have a second part as well, by idempotency key. The invariants keep the numbers that they have in the project's rules;
// 11 (messages), 14 (retention) and 15 (the checker itself: the tests of this package) are not judged here, and 16 is one
// more: callbacks.
package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Scope is what belongs to the run.
type Scope struct {
	FromID  uint64 `json:"payments_after_id"`      // the newest payment when the run started
	ToID    uint64 `json:"payments_up_to_id"`      // the newest when it had settled; 0: up to now
	FromSeq uint64 `json:"book_entries_after_seq"` // the newest entry of the book when the run started

	ReviewExpected bool          `json:"review_expected,omitempty"` // the scenario leads cancellations to REVIEW, an end like others then
	LateBound      time.Duration `json:"late_bound_ns,omitempty"`   // how late the PG may still book a charge; 0: the default, 10 s
}

// idSkew is how far an id may lie below FromID and yet be younger: ids carry the clock of the machine that made them, and
// two of them may each be 5 s off. 22 bits below the milliseconds.
const idSkew = 10_000 << 22

// contains says whether a payment is the run's to judge.
func (s Scope) contains(id uint64, order, run string) bool {
	return (id > s.FromID || strings.HasPrefix(order, run+"-")) && (s.ToID == 0 || id <= s.ToID)
}

func (s Scope) firstID() uint64 {
	if s.FromID < idSkew {
		return 0
	}
	return s.FromID - idSkew
}

func (s Scope) lastID() uint64 { return cmp.Or(s.ToID, 1<<63-1) }

func (s Scope) lateBound() time.Duration { return cmp.Or(s.LateBound, 10*time.Second) }

// Sources are where the facts come from.
type Sources struct {
	Journal   string // path
	Database  *Database
	Book      Book
	Statement Statement
}

// verifyBound is far above what ten million payments take: a source that stopped in the middle of an answer must not
// hold a run for ever.
const verifyBound = 30 * time.Minute

// Verify reads everything and judges it. An error means that there is no verdict.
func Verify(ctx context.Context, from Sources, scope Scope) (*Verdict, error) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, verifyBound)
	defer cancel()
	if from.Statement.URL == "" {
		return nil, errors.New("the address of the means' statements is missing (PG_URL)")
	}
	seen, err := readJournal(from.Journal)
	if err != nil {
		return nil, err
	}
	booked, err := readBook(ctx, from.Book, scope, seen.run)
	if err != nil {
		return nil, err
	}
	statements, err := readStatements(ctx, from.Statement, scope, booked)
	if err != nil {
		return nil, err
	}
	snapshot, err := from.Database.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer snapshot.Close()

	verdict := newVerdict(seen, scope, began)
	verdict.Booked = moneyMoved(booked)
	keys := newKeyCheck(seen.seen)
	keys.judgeBook(verdict, booked)
	judgeSignatures(verdict, seen.calls)
	orders := plannedOrders(seen.seen)
	sortByPayment(seen, booked, statements)
	for c, err := range merge(seen, booked, statements, snapshot.Payments(ctx, scope.firstID(), scope.lastID())) {
		if err != nil {
			return nil, err
		}
		if !c.belongsTo(scope, seen.run) {
			continue
		}
		verdict.counts(&c, seen.run)
		orders = c.addOrder(orders)
		keys.judgeRow(verdict, &c)
		judge(verdict, &c)
	}
	judgeOrders(verdict, orders, booked)
	keys.judgeUses(verdict)
	if err := keys.judgeStored(ctx, verdict, snapshot); err != nil {
		return nil, err
	}
	verdict.close()
	if err := verdict.tellHistories(ctx, from, seen.seen); err != nil {
		return nil, fmt.Errorf("collect the histories of the offenders: %w", err)
	}
	return verdict, nil
}

// judge holds one payment against the invariants that need nothing else. Invariants 1, 8 and 9 have parts elsewhere.
func judge(v *Verdict, c *Case) {
	booked := balance(c.Booked)
	matchLegs(v, c, booked)
	matchRefunds(v, c, booked)
	allOrNothing(v, c, booked)
	refundBound(v, c)
	conserved(v, c)
	settled(v, c)
	acknowledged(v, c)
	replayed(v, c)
	legal(v, c)
	unambiguous(v, c, booked)
	reconciled(v, c)
	calledBack(v, c)
}

func sortByPayment(seen *journal, booked []movement, statements []stated) {
	slices.SortStableFunc(seen.seen, func(a, b Seen) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortStableFunc(seen.calls, func(a, b call) int { return cmp.Compare(a.payment, b.payment) })
	slices.SortStableFunc(booked, func(a, b movement) int { return cmp.Compare(a.Payment, b.Payment) })
	slices.SortStableFunc(statements, func(a, b stated) int { return cmp.Compare(a.payment, b.payment) })
}
