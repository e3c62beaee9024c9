package drill

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
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

// A process's hand is what it leases, until others have ended it.
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
	exec("UPDATE open_payment SET owner = 'payment-worker-1', lease_until = UTC_TIMESTAMP(6) - INTERVAL 1 HOUR WHERE payment_id = 4")
	exec("DELETE FROM open_payment WHERE payment_id = 3")
	if err := h.Empty(t.Context()); err == nil {
		t.Error("what another one has taken is open, and it counts as ended")
	}
	exec("DELETE FROM open_payment WHERE payment_id = 4")
	if err := h.Empty(t.Context()); err != nil {
		t.Errorf("all of it is ended: %v", err)
	}
}

// Nobody freezes a process between two pieces of work: that would show nothing.
func TestHand_Freeze_WaitsUntilThereIsSomethingInHand(t *testing.T) {
	admin, dsn := testdb.Open(t)
	h := (&site{variables: map[string]string{"MYSQL_DSN": dsn}}).hand("payment-worker-1")
	var acts []string
	pause := func(context.Context) error { acts = append(acts, "pause"); return nil }
	resume := func(context.Context) error {
		acts = append(acts, "resume")
		_, err := admin.ExecContext(t.Context(), `INSERT INTO open_payment (payment_id, cancellation_seq, due_at, lease_until, owner) VALUES
			(1, 0, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) + INTERVAL 1 HOUR, 'payment-worker-1')`)
		return err
	}
	if err := h.Freeze(pause, resume)(t.Context()); err != nil || len(h.work) != 1 || !slices.Equal(acts, []string{"pause", "resume", "pause"}) {
		t.Errorf("%v, %v in hand, %v", acts, h.work, err)
	}
	broken := errors.New("there is no such process")
	if err := h.Freeze(func(context.Context) error { return broken }, resume)(t.Context()); !errors.Is(err, broken) {
		t.Errorf("it cannot be frozen: %v", err)
	}
}
