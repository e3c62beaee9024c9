package relay

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"
	"go.uber.org/goleak"

	"gazua.example/infra/stack/stacktest"
	"gazua.example/payment-api/events"
	"gazua.example/payment-api/mysql"
	"gazua.example/payment-worker/consume"
)

var db *sql.DB

func TestMain(m *testing.M) {
	code, err := withDatabase(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func withDatabase(m *testing.M) (int, error) {
	ctx := context.Background()
	server, stop, err := stacktest.StartMySQL(ctx)
	if err != nil {
		return 1, err
	}
	defer stop()
	admin, err := mysql.Open(server.AdminDSN, 1)
	if err != nil {
		return 1, err
	}
	defer admin.Close()
	if _, err := mysql.Migrate(ctx, admin); err != nil {
		return 1, err
	}
	if db, err = mysql.Open(server.AppDSN, 8); err != nil {
		return 1, err
	}
	ignore := goleak.IgnoreCurrent() // the pools, which live as long as the tests
	code := m.Run()
	db.Close()
	if err := goleak.Find(ignore); err != nil && code == 0 {
		return 1, err
	}
	return code, nil
}

// broker is a Kafka-protocol broker that can be away and come back on its port.
type broker struct {
	t    *testing.T
	dir  string
	addr string
	stop func()
}

func startBroker(t *testing.T) *broker {
	t.Helper()
	b := &broker{t: t, dir: t.TempDir()}
	var err error
	if b.addr, b.stop, err = stacktest.StartBroker(b.dir); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.stop() })
	if err := consume.MakeTopics(t.Context(), []string{b.addr}, events.Partitions, 1, events.Topic); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *broker) restart() {
	b.t.Helper()
	_, text, _ := net.SplitHostPort(b.addr)
	port, err := strconv.Atoi(text)
	if err != nil {
		b.t.Fatal(err)
	}
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(port), kfake.DataDir(b.dir))
	if err != nil {
		b.t.Fatal(err)
	}
	b.stop = cluster.Close
}

// run starts a relay for the length of the test.
func (b *broker) run(outbox Outbox) {
	b.t.Helper()
	r := New(outbox, []string{b.addr}, slog.New(slog.DiscardHandler))
	r.lease, r.pause = time.Second, 50*time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); r.Run(ctx) }()
	b.t.Cleanup(func() {
		cancel()
		<-ended
		if err := r.Close(); err != nil {
			b.t.Error(err)
		}
	})
}

// records reads every record of the topic: the payments that each place names.
func (b *broker) records() map[place][]string {
	b.t.Helper()
	transport := &kafka.Transport{}
	defer transport.CloseIdleConnections()
	client := &kafka.Client{Addr: kafka.TCP(b.addr), Transport: transport, Timeout: 5 * time.Second}
	found := map[place][]string{}
	for p := range events.Partitions {
		offsets, err := client.ListOffsets(b.t.Context(), &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{events.Topic: {kafka.LastOffsetOf(p)}}})
		if err != nil {
			b.t.Fatal(err)
		}
		end := offsets.Topics[events.Topic][0].LastOffset
		if end == 0 {
			continue
		}
		reader := kafka.NewReader(kafka.ReaderConfig{Brokers: []string{b.addr}, Topic: events.Topic, Partition: p, MaxWait: 100 * time.Millisecond})
		for offset := int64(0); offset < end; {
			m, err := reader.ReadMessage(b.t.Context())
			if err != nil {
				b.t.Fatal(err)
			}
			id, err := events.Decode(m)
			if err != nil {
				b.t.Errorf("partition %d offset %d: %v", p, m.Offset, err)
			}
			found[place{p, m.Offset}] = append(found[place{p, m.Offset}], id.String())
			offset = m.Offset + 1
		}
		_ = reader.Close()
	}
	return found
}

type place struct {
	partition int
	offset    int64
}

// accept commits n outbox rows, as the API does with accepted payments; payments are numbered from first.
func accept(t *testing.T, first, n int) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), "DELETE FROM outbox"); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		insert(t, db, first+i)
	}
}

type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

func insert(t *testing.T, e execer, payment int) {
	t.Helper()
	if _, err := e.ExecContext(t.Context(), "INSERT INTO outbox (payment_id, trace, created_at) VALUES (?, ?, UTC_TIMESTAMP(6))", payment,
		`{"traceparent":"00-0102030405060708090a0b0c0d0e0f10-0102030405060708-01"}`); err != nil {
		t.Fatal(err)
	}
}

func unsent(t *testing.T) (n int) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM outbox WHERE sent_at IS NULL").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// everyRowIsThere checks that each of n rows is marked, and that the place it names holds its message.
func (b *broker) everyRowIsThere(n int) (records int) {
	b.t.Helper()
	found := b.records()
	rows, err := db.QueryContext(b.t.Context(), "SELECT payment_id, kafka_partition, kafka_offset FROM outbox WHERE sent_at IS NOT NULL")
	if err != nil {
		b.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var payment string
		var at place
		if err := rows.Scan(&payment, &at.partition, &at.offset); err != nil {
			b.t.Fatal(err)
		}
		n--
		if got := found[at]; len(got) != 1 || got[0] != payment {
			b.t.Errorf("payment %s is said to be at %v; there is %v", payment, at, got)
		}
	}
	if err := rows.Err(); err != nil || n != 0 {
		b.t.Errorf("%d rows more than expected are not marked (%v)", n, err)
	}
	return len(found)
}

func TestRelay_EveryRowBecomesAMessage_MarkedWithThePlaceThatHoldsIt(t *testing.T) {
	b := startBroker(t)
	accept(t, 1, 3*batch+7)
	b.run(mysql.NewOutbox(db))
	eventually(t, "all rows are sent", func() bool { return unsent(t) == 0 })
	if n := b.everyRowIsThere(3*batch + 7); n != 3*batch+7 {
		t.Errorf("%d records for %d rows", n, 3*batch+7)
	}
}

func TestRelay_TwoAtOnce_NoRowIsLost(t *testing.T) {
	b := startBroker(t)
	accept(t, 1, 500)
	b.run(mysql.NewOutbox(db))
	b.run(mysql.NewOutbox(db))
	for i := range 500 {
		insert(t, db, 501+i) // while they work
	}
	eventually(t, "all rows are sent", func() bool { return unsent(t) == 0 })
	if n := b.everyRowIsThere(1000); n != 1000 {
		t.Errorf("%d records for 1000 rows: claims overlap", n)
	}
}

// dying fails to mark what it has sent, so many times.
type dying struct {
	*mysql.Outbox
	deaths atomic.Int64
}

func (d *dying) Next(ctx context.Context, sent []mysql.Sent, limit int, lease time.Duration) ([]mysql.OutboxRow, error) {
	if len(sent) > 0 && d.deaths.Add(-1) >= 0 {
		return nil, errors.New("killed between produce and mark")
	}
	return d.Outbox.Next(ctx, sent, limit, lease)
}

// A process that dies marks nothing any more: whoever lives sends its rows again, once the lease ends.
func TestRelay_DiesBetweenProduceAndMark_TheRowsGoOutAgainAfterTheLease(t *testing.T) {
	b := startBroker(t)
	accept(t, 1, 10)
	d := &dying{Outbox: mysql.NewOutbox(db)}
	d.deaths.Store(1 << 40)
	b.run(d)
	eventually(t, "the relay died", func() bool { return d.deaths.Load() < 1<<40 })
	if n := unsent(t); n != 10 {
		t.Errorf("%d rows are unsent, want all 10", n)
	}
	b.run(mysql.NewOutbox(db))
	eventually(t, "all rows are sent", func() bool { return unsent(t) == 0 })
	if n := b.everyRowIsThere(10); n != 20 {
		t.Errorf("%d records, want each of 10 twice", n)
	}
}

// What could not be marked is marked later, and not sent again.
func TestRelay_TheDatabaseIsAwayWhenItMarks_ItMarksLater_AndSendsNothingTwice(t *testing.T) {
	b := startBroker(t)
	accept(t, 1, 10)
	d := &dying{Outbox: mysql.NewOutbox(db)}
	d.deaths.Store(3)
	b.run(d)
	eventually(t, "all rows are marked", func() bool { return unsent(t) == 0 })
	insert(t, db, 11)
	eventually(t, "it goes on", func() bool { return unsent(t) == 0 })
	if n := b.everyRowIsThere(11); n != 11 {
		t.Errorf("%d records for 11 rows", n)
	}
}

// A relay that is told to stop marks what it has sent, though there is no next round.
func TestRelay_ToldToStop_MarksWhatItSent(t *testing.T) {
	b := startBroker(t)
	accept(t, 1, 10)
	r := New(mysql.NewOutbox(db), []string{b.addr}, slog.New(slog.DiscardHandler))
	defer func() { _ = r.Close() }()
	ctx, cancel := context.WithCancel(t.Context())
	if n, err := r.round(ctx); n != 10 || err != nil || unsent(t) != 10 {
		t.Fatalf("%d rows, %v; %d unsent", n, err, unsent(t))
	}
	cancel()
	r.Run(ctx)
	if n := unsent(t); n != 0 {
		t.Errorf("%d rows are not marked", n)
	}
	b.everyRowIsThere(10)
}

// stopping is an outbox under which the relay is told to stop, with a batch claimed and nothing of it sent.
type stopping struct {
	*mysql.Outbox
	stop    func()
	claimed int
}

func (s *stopping) Next(ctx context.Context, sent []mysql.Sent, limit int, lease time.Duration) ([]mysql.OutboxRow, error) {
	rows, err := s.Outbox.Next(ctx, sent, limit, lease)
	if len(rows) > 0 {
		s.claimed += len(rows)
		s.stop()
	}
	return rows, err
}

func TestRelay_ToldToStop_SendsAndMarksWhatItHasClaimed_AndClaimsNoMore(t *testing.T) {
	b := startBroker(t)
	accept(t, 1, 2*batch)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	outbox := &stopping{Outbox: mysql.NewOutbox(db), stop: cancel}
	r := New(outbox, []string{b.addr}, slog.New(slog.DiscardHandler))
	defer func() { _ = r.Close() }()
	r.Run(ctx)
	if n := unsent(t); outbox.claimed != batch || n != batch {
		t.Errorf("%d claimed and %d left unsent, want a batch and the other one", outbox.claimed, n)
	}
	if unsent, unmarked := r.InHand(); unsent != 0 || unmarked != 0 {
		t.Errorf("it says that %d are unsent and %d unmarked", unsent, unmarked)
	}
	b.everyRowIsThere(batch)
}

// Where the broker is away, the relay ends with what it could not send, and says so: others send it when the lease ends.
func TestRelay_ToldToStopWithoutABroker_SaysWhatItLeaves(t *testing.T) {
	accept(t, 1, 10)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r := New(&stopping{Outbox: mysql.NewOutbox(db), stop: cancel}, []string{"127.0.0.1:1"}, slog.New(slog.DiscardHandler))
	defer func() { _ = r.Close() }()
	r.lease = time.Second
	r.Run(ctx)
	if unsent, unmarked := r.InHand(); unsent != 10 || unmarked != 0 {
		t.Errorf("it says that %d are unsent and %d unmarked, want 10 and none", unsent, unmarked)
	}
	dead := &dying{Outbox: mysql.NewOutbox(db)} // and where the database is away, with what it could not mark
	dead.deaths.Store(1 << 40)
	b := startBroker(t)
	accept(t, 1, 10)
	other := New(dead, []string{b.addr}, slog.New(slog.DiscardHandler))
	defer func() { _ = other.Close() }()
	if _, err := other.round(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	other.Run(ctx)
	if unsent, unmarked := other.InHand(); unsent != 0 || unmarked != 10 {
		t.Errorf("it says that %d are unsent and %d unmarked, want none and 10", unsent, unmarked)
	}
}

// A batch goes to few partitions, and in time to all.
func TestRuns_MessagesGoInRuns_AndEveryPartitionGetsSome(t *testing.T) {
	balancer, partitions := &runs{}, []int{3, 4, 5, 6, 7, 8}
	few := map[int]bool{}
	for range 64 { // a batch as it is under load
		few[balancer.Balance(kafka.Message{}, partitions...)] = true
	}
	if len(few) > 2 {
		t.Errorf("64 messages go to %d partitions", len(few))
	}
	seen, changes, last := map[int]int{}, 0, -1
	for range 100 * runLength {
		p := balancer.Balance(kafka.Message{}, partitions...)
		if p != last {
			changes++
		}
		seen[p]++
		last = p
	}
	if changes > 100 || len(seen) != len(partitions) || seen[3]%runLength != 0 {
		t.Errorf("%d changes, %v", changes, seen)
	}
	for range 1000 { // a topic with fewer
		if p := balancer.Balance(kafka.Message{}, 9); p != 9 {
			t.Fatalf("partition %d", p)
		}
	}
}

func TestRelay_TheBrokerIsAway_TheRowsStay_AndGoOutWhenItIsBack(t *testing.T) {
	b := startBroker(t)
	accept(t, 1, 0)
	b.run(mysql.NewOutbox(db))
	insert(t, db, 1)
	eventually(t, "the first row is sent", func() bool { return unsent(t) == 0 })
	b.stop()
	for i := range 20 {
		insert(t, db, 2+i)
	}
	eventually(t, "a relay has taken each of them", func() bool {
		var claimed int
		_ = db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM outbox WHERE claimed_until IS NOT NULL AND sent_at IS NULL").Scan(&claimed)
		return claimed == 20
	})
	if n := unsent(t); n != 20 {
		t.Errorf("%d rows are unsent, want 20", n)
	}
	b.restart()
	eventually(t, "all rows are sent", func() bool { return unsent(t) == 0 })
	b.everyRowIsThere(21)
}

// Ids are given at the insert and become visible at the commit: a reader that goes on from the last id it saw skips what
// commits late.
func TestRelay_ALowerIdThatCommitsLater_IsNotSkipped(t *testing.T) {
	b := startBroker(t)
	accept(t, 1, 0)
	b.run(mysql.NewOutbox(db))
	early, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	insert(t, early, 1)
	insert(t, db, 2)
	eventually(t, "the later one is sent", func() bool {
		var sent int
		_ = db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM outbox WHERE payment_id = 2 AND sent_at IS NOT NULL").Scan(&sent)
		return sent == 1
	})
	if err := early.Commit(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the earlier one is sent too", func() bool { return unsent(t) == 0 })
	b.everyRowIsThere(2)
}

func TestRelay_Sweep_DeletesAllThatIsOld_AndNothingElse(t *testing.T) {
	accept(t, 1, 3)
	if _, err := db.ExecContext(t.Context(), "UPDATE outbox SET sent_at = UTC_TIMESTAMP(6) - INTERVAL 1 HOUR WHERE payment_id = 1"); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), `INSERT INTO outbox (payment_id, created_at, sent_at) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900)
		SELECT a.i, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) - INTERVAL 25 HOUR FROM n a JOIN (SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3) b`); err != nil {
		t.Fatal(err)
	}
	r := New(mysql.NewOutbox(db), []string{"127.0.0.1:1"}, slog.New(slog.DiscardHandler))
	defer func() { _ = r.Close() }()
	r.sweep(t.Context())
	var left int
	if err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM outbox").Scan(&left); err != nil || left != 3 {
		t.Errorf("%d rows are left (%v), want the three that are unsent or fresh", left, err)
	}
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}
