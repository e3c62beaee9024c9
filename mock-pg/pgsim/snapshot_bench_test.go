package pgsim

import (
	"fmt"
	"testing"
	"time"

	"gazua.example/mock-pg/pgsim/book"
)

// How long payments stand still for a snapshot of that many live charges:
//
//	go test ./pgsim -run '^$' -bench Snapshot
func BenchmarkSnapshot(b *testing.B) {
	const live = 1_000_000
	s, err := Start(Options{BookDir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Stop(b.Context()) }()
	for n := range live {
		e := book.Entry{
			Seq: uint64(n + 1), At: time.Now(), Means: PG, Op: "charge", Effect: book.Charged, Reference: fmt.Sprintf("%d.1", n),
			OrderID: "o-1", Merchant: "1", Amount: 100, Currency: "KRW", Transaction: uint64(n + 1),
		}
		if err := s.replay(&e); err != nil {
			b.Fatal(err)
		}
	}
	b.ResetTimer()
	for b.Loop() {
		if shot := s.copyState(); len(shot.taken) != live {
			b.Fatal(len(shot.taken))
		}
	}
}
