// Package verify judges a run. It compares sources that share no code with the system: the client's journal (what it
// sent, saw and was called back), the payment database, the mock PGs' books of what was really booked, the means'
// statements, and the messages in Kafka.
//
// Each source becomes a stream sorted by payment id; the streams are merged, and each payment is judged with what all of
// them say about it. Invariant 1 is judged by order, because it must hold at every prefix of the book; 8 and 9 have parts
// by order and by idempotency key as well. What is sorted goes to disk, so that memory does not grow with the run (facts.go
// has the drawing). The invariants keep the numbers that they have in the project's rules: 15 is the tests of this package,
// and 16 is one more, callbacks. docs/invariants.md says how each is judged, and what it cannot see.
package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"strings"
	"time"

	"gazua.example/loadgen/verify/sorted"
)

// Scope is what belongs to the run.
type Scope struct {
	FromID  uint64    `json:"payments_after_id"`      // the newest payment when the run started
	ToID    uint64    `json:"payments_up_to_id"`      // the newest when it had settled; 0: up to now
	FromSeq Positions `json:"book_entries_after_seq"` // the newest entry of each book when the run started

	FromOffsets KafkaPositions `json:"messages_after_offset"` // where the topics ended when the run started
	Census      *Census        `json:"census,omitempty"`      // what there was then; nil: retention is not judged

	RescueExpected bool          `json:"rescue_expected,omitempty"` // the broker is away for a while: payments may be rescued
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
	Kafka     Kafka
	Archive   string // folder where the system archives days

	SortMemory int // bytes that a sort may hold before it goes to disk, in the journal's folder; 0: the default, 32 MiB
}

// verifyBound is far above what ten million payments take: a source that stopped in the middle of an answer must not
// hold a run for ever.
const verifyBound = 2 * time.Hour

// Verify reads everything and judges it. An error means that there is no verdict.
func Verify(ctx context.Context, from Sources, scope Scope) (*Verdict, error) {
	if from.Database.Legacy() {
		return verifyLegacy(ctx, from, scope)
	}
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, verifyBound)
	defer cancel()
	if len(from.Statement.URL) == 0 {
		return nil, errors.New("the address of the means' statements is missing (PG_URL)")
	}
	space := sorted.NewSpace(filepath.Dir(from.Journal), from.SortMemory)
	defer func() { _ = space.Close() }() // what is in it is of no use any more
	verdict, facts := newVerdict(scope, began), newFacts(space)
	if len(from.Kafka.Brokers) > 0 {
		verdict.Messages = &Messages{StaysByCause: map[string]int64{}}
	}
	if err := facts.gather(ctx, from, scope, verdict); err != nil {
		return nil, err
	}
	snapshot, err := from.Database.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer snapshot.Close()
	whole, err := snapshot.withArchive(ctx, from.Archive, verdict)
	if err != nil {
		return nil, err
	}
	if err := facts.judge(ctx, verdict, whole); err != nil {
		return nil, err
	}
	if err := judgeMessages(ctx, verdict, from, snapshot); err != nil {
		return nil, err
	}
	if err := judgeRetention(ctx, verdict, from.Archive, snapshot); err != nil {
		return nil, err
	}
	if err := verdict.tellHistories(ctx, from, facts); err != nil {
		return nil, fmt.Errorf("collect the histories of the offenders: %w", err)
	}
	verdict.SpilledBytes = space.Written()
	verdict.close()
	return verdict, nil
}

// pages is the database at one moment.
type pages interface {
	// Payments yields those with from < id ≤ to in the order of their ids, each with all that hangs on it.
	Payments(ctx context.Context, from, to uint64) iter.Seq2[*Payment, error]
	// Keys looks keys up, and hands out those that are there.
	Keys(ctx context.Context, wanted []claimed, found func(claimed, storedKey)) error
}

// judge judges all that needs the journal, the books, the statements and the database: payment by payment, then what is
// known of each order, then of each key.
func (f *facts) judge(ctx context.Context, v *Verdict, database pages) error {
	if err := f.judgePayments(ctx, v, database); err != nil {
		return err
	}
	if err := f.judgeOrders(v); err != nil {
		return err
	}
	return f.judgeKeys(ctx, v, database)
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
	delivered(v, c)
}
