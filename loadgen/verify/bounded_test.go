package verify

import (
	"context"
	"flag"
	"iter"
	"runtime"
	"slices"
	"testing"
	"time"

	"gazua.example/loadgen/verify/sorted"
)

// pagesOfMany is a database that has the rows of many worlds.
type pagesOfMany struct {
	many
	keys []keyOfMany // that something is expected of, by their hash
}

type keyOfMany struct {
	key   [8]byte // the start of the hash
	world uint32
}

func newPagesOfMany(m many) pagesOfMany {
	p := pagesOfMany{many: m}
	for w := range m.each() {
		for _, hash := range []Hash{w.payments[paid].KeyHash, w.payments[second].KeyHash} {
			p.keys = append(p.keys, keyOfMany{[8]byte(hash[:8]), uint32(w.copy)})
		}
	}
	slices.SortFunc(p.keys, func(a, b keyOfMany) int { return slices.Compare(a.key[:], b.key[:]) })
	return p
}

func (p pagesOfMany) Payments(_ context.Context, from, _ uint64) iter.Seq2[*Payment, error] {
	return func(yield func(*Payment, error) bool) {
		for w := range p.each() {
			for _, payment := range w.payments {
				if payment.ID > from && !yield(payment, nil) {
					return
				}
			}
		}
	}
}

func (p pagesOfMany) Keys(_ context.Context, wanted []claimed, found func(claimed, storedKey)) error {
	for _, k := range wanted {
		i, there := slices.BinarySearchFunc(p.keys, k.hash[:8], func(a keyOfMany, hash []byte) int { return slices.Compare(a.key[:], hash) })
		if !there {
			continue
		}
		w := &world{copy: int(p.keys[i].world), now: began}
		w.live()
		for _, s := range w.keys {
			if s.claimed == k {
				found(k, storedKey{payment: s.payment, cancellation: s.cancellation, status: s.status, body: bodyHash(hashOf(s.body))})
			}
		}
	}
	return nil
}

// gauge keeps the most that was alive on the heap whenever it looked. It looks where nobody else allocates, since what is
// allocated while the collector looks counts as alive.
type gauge struct{ before, most uint64 }

func alive() uint64 {
	runtime.GC()
	return metric("/gc/heap/live:bytes")
}

func (g *gauge) look() { g.most = max(g.most, alive()-g.before) }

// gauged looks once for every thousand payments, and for every twenty times that keys are looked up.
type gauged struct {
	pagesOfMany
	*gauge
	asked *int
}

func (g gauged) Payments(ctx context.Context, from, to uint64) iter.Seq2[*Payment, error] {
	return func(yield func(*Payment, error) bool) {
		n := 0
		for p, err := range g.pagesOfMany.Payments(ctx, from, to) {
			if n++; n%1_000 == 0 {
				g.look()
			}
			if !yield(p, err) {
				return
			}
		}
	}
}

func (g gauged) Keys(ctx context.Context, wanted []claimed, found func(claimed, storedKey)) error {
	if *g.asked++; *g.asked%20 == 1 {
		g.look()
	}
	return g.pagesOfMany.Keys(ctx, wanted, found)
}

var bounded = flag.Int("bounded", 30_000, "payments of the test of the verifier's memory, which a tenth of them must take too")

// Ten times as many payments must not take more memory: what grows with a run is on disk.
func TestVerify_TenTimesAsManyPayments_TakeTheSameMemory(t *testing.T) {
	const (
		budget = 128 << 10
		bound  = 1.3 // times the memory of a tenth: there are ten times as many runs to merge
	)
	measured := func(payments int) uint64 {
		m := manyOf(payments)
		database := gauged{newPagesOfMany(m), &gauge{}, new(int)}
		from, stop := m.serve(t)
		defer stop()
		v := newVerdict(Scope{FromID: firstID - 1}, time.Now())
		database.before = alive()
		space := sorted.NewSpace(t.TempDir(), budget)
		defer space.Close()
		facts := newFacts(space)
		for _, step := range []func() error{
			func() error { return readJournal(from.Journal, facts, v) },
			func() error { return readBook(t.Context(), from.Book, v.Scope, facts, v) },
			func() error { return readStatements(t.Context(), from.Statement, v.Scope, facts) },
			func() error { return facts.judge(t.Context(), v, database) },
		} {
			if err := step(); err != nil {
				t.Fatal(err)
			}
			database.look()
		}
		v.SpilledBytes = space.Written()
		v.close()
		mustPass(t, v, m)
		t.Logf("%d payments: %.2f MiB alive at most, %.1f MiB on disk, %.1f s", m.payments(), float64(database.most)/(1<<20), float64(v.SpilledBytes)/(1<<20), v.Took)
		return database.most
	}
	tenth, whole := measured(*bounded/10), measured(*bounded)
	if float64(whole) > bound*float64(tenth) {
		t.Errorf("a tenth of %d payments takes %d bytes, and all of them %d: more than %.1f times that", *bounded, tenth, whole, bound)
	}
}
