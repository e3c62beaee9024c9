package verify

import (
	"testing"

	"gazua.example/loadgen/internal/testdb"
)

// BenchmarkCensus counts a million payments with three steps each: what it adds to the start of a run, and to its verdict.
func BenchmarkCensus(b *testing.B) {
	admin, dsn := testdb.Open(b)
	for _, statement := range []string{
		`INSERT INTO payment (id, merchant_id, order_id, amount, currency, mode, state, version, key_hash, created_at)
			WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) SELECT /*+ SET_VAR(cte_max_recursion_depth = 2000) */
			a.i * 1000 + b.i, 1, CONCAT('o', a.i, '-', b.i), 1, 'KRW', 'SYNC', 'PAID', 1, REPEAT('k', 32), NOW(6) FROM n a JOIN n b`,
		`INSERT INTO payment_event (payment_id, seq, from_state, to_state, cause, legs, actor, at)
			SELECT id, s.i, '', 'PAID', '', 'CAPTURED', 'bench', NOW(6) FROM payment JOIN (SELECT 1 i UNION SELECT 2 UNION SELECT 3) s`,
	} {
		if _, err := admin.ExecContext(b.Context(), statement); err != nil {
			b.Fatal(err)
		}
	}
	database, err := OpenDatabase(b.Context(), dsn)
	if err != nil {
		b.Fatal(err)
	}
	defer database.Close()
	for b.Loop() {
		census, err := database.Census(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		if last := census.Days[len(census.Days)-1].Rows; last["payment"].Rows != 1_000_000 || last["payment_event"].Rows != 3_000_000 {
			b.Fatalf("%+v", last)
		}
	}
}
