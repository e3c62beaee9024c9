package dump

import (
	"context"
	"database/sql"
	"strings"
	"testing"
	"time"

	"gazua.example/loadgen/internal/testdb"
)

// Two transactions want one row. The asker's rights decide whether that shows.
func TestAskMySQL_WhoWaitsForWhom_OrWhichRightIsMissing(t *testing.T) {
	admin, verifier := testdb.Open(t)
	if _, err := admin.ExecContext(t.Context(), "INSERT INTO open_payment (payment_id, due_at) VALUES (1, UTC_TIMESTAMP(6))"); err != nil {
		t.Fatal(err)
	}
	const touch = "UPDATE open_payment SET attempts = attempts + 1 WHERE payment_id = 1"
	first, err := admin.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := first.ExecContext(t.Context(), touch); err != nil {
		t.Fatal(err)
	}
	second := make(chan error, 1)
	go func() { second <- inTransaction(t.Context(), admin, touch) }()
	found := askMySQL(t.Context(), verifier)
	if found.Note == "" { // the verifier may look: then the wait shows, as soon as it has begun
		for deadline := time.Now().Add(2 * time.Second); len(found.Waits) == 0 && time.Now().Before(deadline); {
			found = askMySQL(t.Context(), verifier)
		}
		if len(found.Waits) != 1 || found.Waits[0].Table != "open_payment" || !strings.HasPrefix(found.Waits[0].Lock, "RECORD X") || !strings.Contains(found.Waits[0].Waiting, "attempts + 1") {
			t.Errorf("%+v", found)
		}
	} else if found.Note != needsRight {
		t.Errorf("%+v", found)
	}
	if err := first.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := <-second; err != nil {
		t.Fatal(err)
	}
}

func inTransaction(ctx context.Context, db *sql.DB, statement string) error {
	_, err := db.ExecContext(ctx, statement)
	return err
}

func TestAskMySQL_NoServer_IsOneSentenceWithoutThePassword(t *testing.T) {
	for _, dsn := range []string{"", "u:secret@tcp(127.0.0.1:1)/x", "secret"} {
		if found := askMySQL(t.Context(), dsn); found.Note == "" || strings.Contains(found.Note, "secret") || len(found.Waits) != 0 {
			t.Errorf("%+v", found)
		}
	}
}
