package verify

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"gazua.example/loadgen/verify/sorted"
)

// The system before the renewal (`payment-api legacy`, docs/legacy.md) keeps one wide table, legacy_payment, and promises
// little: it has no order guard, no idempotency, no ledger, no messages, no recovery. So three invariants are judged of it,
// by the very rules that judge the renewed one, and only the rows are read from elsewhere:
//
//	client's journal ─┐
//	mock PGs' books ──┼─ merged by payment ─► 2 no orphan, no phantom   3 all or nothing   7 acknowledgement
//	legacy_payment ───┘
//
// The others are not judged, and are named as that: nobody shall take them for held.

// OpenLegacy is OpenDatabase for the database of the system before the renewal.
func OpenLegacy(ctx context.Context, dsn string) (*Database, error) {
	d, err := OpenDatabase(ctx, dsn)
	if err != nil {
		return nil, err
	}
	d.legacy = true
	return d, nil
}

// Legacy says that the database is that of the system before the renewal; none is not.
func (d *Database) Legacy() bool { return d != nil && d.legacy }

// AboveLegacy is an id between those of the two systems: the old one counts up from 1, and the renewed one's carry the time.
// In a database that has no payment of the renewed one yet, its first run begins here: what the means state of the same day
// for the old one is not its own.
const AboveLegacy = 1 << 40

// judgedOfLegacy are the numbers of the invariants that hold for it.
var judgedOfLegacy = []int{2, 3, 7}

// verifyLegacy is Verify for it.
func verifyLegacy(ctx context.Context, from Sources, scope Scope) (*Verdict, error) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, verifyBound)
	defer cancel()
	space := sorted.NewSpace(filepath.Dir(from.Journal), from.SortMemory)
	defer func() { _ = space.Close() }() // what is in it is of no use any more
	v, f := newVerdict(scope, began), newFacts(space)
	// Ids count up and carry no clock: nothing up to FromID is the run's. Above ToID lie later runs, and what is left of a row
	// of this one that is gone: the order tells them apart.
	all := scope
	all.ToID = 0
	if err := readJournal(from.Journal, f, v); err != nil {
		return nil, err
	}
	if err := readBook(ctx, from.Book, all, f, v); err != nil {
		return nil, err
	}
	snapshot, err := from.Database.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer snapshot.Close()
	err = f.merge(snapshot.legacyPayments(ctx, all.FromID, all.lastID()), func(c *Case) error {
		later := c.ID > scope.lastID() && !strings.HasPrefix(c.order(), v.Run+"-")
		if !later && c.belongsTo(all, v.Run) {
			v.counts(c)
			judgeLegacy(v, c)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	v.keepOnly(judgedOfLegacy)
	from.Kafka = Kafka{} // it sends no messages
	if err := v.tellHistories(ctx, from, f); err != nil {
		return nil, fmt.Errorf("collect the histories of the offenders: %w", err)
	}
	v.SpilledBytes = space.Written()
	v.close()
	return v, nil
}

// judgeLegacy holds one payment against the invariants that are judged.
func judgeLegacy(v *Verdict, c *Case) {
	booked := balance(c.Booked)
	matchLegs(v, c, booked)
	matchRefunds(v, c, booked)
	allOrNothing(v, c, booked)
	acknowledged(v, c)
}

// keepOnly takes the other invariants out of the verdict, whatever the sources told of them, and names them.
func (v *Verdict) keepOnly(judged []int) {
	v.Invariants = slices.DeleteFunc(v.Invariants, func(i Invariant) bool {
		if slices.Contains(judged, i.Number) {
			return false
		}
		v.NotJudged = append(v.NotJudged, strconv.Itoa(i.Number)+" "+i.Name)
		return true
	})
}
