package drill

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"gazua.example/loadgen/internal/testdb"
	"gazua.example/loadgen/internal/throwaway"
)

func TestSaid_LooksBehindSeen(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "logs/mysql.log", "ready for connections\n")
	s := &site{stack: &throwaway.Stack{Folder: folder}, seen: map[string]int64{}}
	said := s.Said("mysql", "ready for connections")
	if err := said(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.Seen("mysql")(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := said(t.Context()); !errors.Is(err, errNotLogged) {
		t.Errorf("what was said before: %v", err)
	}
	file, err := os.OpenFile(filepath.Join(folder, "logs/mysql.log"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteString("crash recovery finished\nready for connections\n"); err != nil {
		t.Fatal(err)
	}
	if err := every(said, s.Said("mysql", "crash recovery finished"))(t.Context()); err != nil {
		t.Error(err)
	}
	if err := every(said, s.Said("mysql", "shutdown complete"))(t.Context()); !errors.Is(err, errNotLogged) {
		t.Errorf("what nobody said: %v", err)
	}
}

// A process's hand is what it leases: others empty it, and what they cannot have is left aside.
func TestHand_IsEmptyWhenOthersHaveEndedIt(t *testing.T) {
	admin, dsn := testdb.Open(t)
	exec := func(statement string) {
		t.Helper()
		if _, err := admin.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	s := &site{variables: map[string]string{"MYSQL_DSN": dsn}}
	h := s.hand("payment-api-1")
	exec(`INSERT INTO open_payment (payment_id, cancellation_seq, due_at, lease_until, owner) VALUES
		(1, 0, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) + INTERVAL 1 HOUR, 'payment-api-2'), (2, 0, UTC_TIMESTAMP(6), NULL, '')`)
	if err := h.Take(t.Context()); !errors.Is(err, errNothing) {
		t.Errorf("with nothing in hand: %v", err)
	}
	exec(`INSERT INTO open_payment (payment_id, cancellation_seq, due_at, lease_until, owner) VALUES
		(3, 0, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) + INTERVAL 1 HOUR, 'payment-api-1'), (3, 1, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) + INTERVAL 1 HOUR, 'payment-api-1'),
		(4, 0, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) + INTERVAL 1 HOUR, 'payment-api-1')`)
	if err := h.Take(t.Context()); err != nil || len(h.work) != 3 {
		t.Fatalf("%v in hand, %v", h.work, err)
	}
	exec("DELETE FROM open_payment WHERE payment_id = 3 AND cancellation_seq = 0")
	exec("UPDATE open_payment SET owner = 'payment-worker-1', lease_until = UTC_TIMESTAMP(6) - INTERVAL 1 HOUR WHERE payment_id = 4")
	if err := h.Empty(t.Context()); err == nil {
		t.Error("one is leased and one taken by another, and it counts as empty")
	}
	exec("DELETE FROM open_payment WHERE payment_id = 3 AND cancellation_seq = 1")
	if err := h.Empty(t.Context()); err == nil {
		t.Error("what another one took, whose lease ended long ago, counts as out of reach")
	}
	exec("DELETE FROM open_payment WHERE payment_id = 4")
	exec("INSERT INTO open_payment (payment_id, cancellation_seq, due_at, owner) VALUES (3, 1, UTC_TIMESTAMP(6), 'payment-api-1')")
	exec("UPDATE open_payment SET lease_until = UTC_TIMESTAMP(6) - INTERVAL 2 SECOND WHERE payment_id = 3")
	if err := h.Empty(t.Context()); err == nil {
		t.Error("a lease has just ended, and its work counts as out of reach")
	}
	exec("UPDATE open_payment SET lease_until = UTC_TIMESTAMP(6) - INTERVAL 4 SECOND WHERE payment_id = 3")
	if err := h.Empty(t.Context()); err != nil {
		t.Errorf("what nobody has taken long after its lease: %v", err)
	}
	exec("UPDATE open_payment SET owner = 'payment-worker-2', lease_until = UTC_TIMESTAMP(6) + INTERVAL 4 SECOND WHERE payment_id = 3")
	if err := h.Empty(t.Context()); err == nil {
		t.Error("another one is at it, and it counts as out of reach")
	}
	h.taken = h.taken.Add(-endedBy)
	if err := h.Empty(t.Context()); err != nil {
		t.Errorf("what others cannot end: %v", err)
	}
}
