package mysql_test

import (
	"testing"
	"time"

	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
)

func fate(t *testing.T, id payment.ID) mysql.Fate {
	t.Helper()
	f, err := mysql.NewOutbox(db).Fate(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFate_OfAnOutboxRow(t *testing.T) {
	p := claimed(t, payment.Async)
	if f := fate(t, p.ID); f.Gone || f.Sent || f.Age < 0 || f.Age > time.Minute {
		t.Errorf("just accepted: %+v", f)
	}
	change(t, "UPDATE outbox SET created_at = created_at - INTERVAL 90 SECOND WHERE payment_id = ?", p.ID)
	if f := fate(t, p.ID); f.Age < 90*time.Second || f.Age > 2*time.Minute {
		t.Errorf("90 s later: %+v", f)
	}
	change(t, "UPDATE outbox SET sent_at = UTC_TIMESTAMP(6), kafka_partition = 7, kafka_offset = 123 WHERE payment_id = ?", p.ID)
	if f := fate(t, p.ID); !f.Sent || f.Partition != 7 || f.Offset != 123 {
		t.Errorf("sent: %+v", f)
	}
	change(t, "DELETE FROM outbox WHERE payment_id = ?", p.ID)
	if f := fate(t, p.ID); !f.Gone {
		t.Errorf("swept: %+v", f)
	}
}

// The outbox keeps a day's rows: a look by payment must not read them all.
func TestFate_ReadsByIndex(t *testing.T) {
	var key string
	var n int
	if err := db.QueryRowContext(t.Context(), "SELECT COALESCE(MAX(index_name), ''), COUNT(*) FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = 'outbox' AND column_name = 'payment_id' AND seq_in_index = 1").Scan(&key, &n); err != nil || n == 0 {
		t.Errorf("no key of outbox begins with payment_id: %v", err)
	}
}

func change(t *testing.T, statement string, args ...any) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
