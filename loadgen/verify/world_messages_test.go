package verify

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"gazua.example/infra/stack/stacktest"
)

// post is a world with its messages: rows of the outbox, the records that they name, and what the group has committed. The
// payments are the run's asynchronous one and some of others that expired.
type post struct {
	*world
	t      *testing.T
	client *kgo.Client
	rows   []outboxRow
	commit map[int32]int64 // as far as it is not the end
	sent   map[int32]int64 // records, by partition
}

const (
	partitions = 3
	others     = 40 // payments of others
	before     = 2  // records of each partition that are older than the run
)

// kafkaServer is one for all tests; each makes topics of its own.
var kafkaServer = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "gazua-verify-broker-")
	if err != nil {
		return "", err
	}
	address, end, err := stacktest.StartBroker(dir)
	stopKafka = func() { end(); os.RemoveAll(dir) }
	return address, err
})

var (
	stopKafka = func() {}
	topics    atomic.Int64
)

func newPost(t *testing.T) *post {
	t.Helper()
	address, err := kafkaServer()
	if err != nil {
		t.Fatal(err)
	}
	n := topics.Add(1)
	w := newWorld()
	w.kafka = Kafka{
		Brokers: []string{address}, Topic: fmt.Sprintf("accepted-%d", n), DeadLetters: fmt.Sprintf("dead-%d", n), Group: fmt.Sprintf("group-%d", n), Patience: time.Millisecond,
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(address), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	makeTopics(t, client, w.kafka.Topic, w.kafka.DeadLetters)
	p := &post{world: w, t: t, client: client, commit: map[int32]int64{}, sent: map[int32]int64{}}
	w.also = p.fill
	for partition := range int32(partitions) {
		for i := range before {
			p.sends(partition, uint64(100+i))
		}
	}
	if w.scope.FromOffsets, err = w.kafka.Ends(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.accepts(w.payments[async].ID, 1)
	for i := range others {
		w.payments = append(w.payments, &Payment{
			ID: firstID + uint64(60+i)<<22, Merchant: 1, Order: "other-" + strconv.Itoa(i), Amount: 10, Currency: "KRW", Mode: "ASYNC", State: "FAILED", Version: 2,
			KeyHash: hashKey("/", strconv.Itoa(i)), Legs: []Leg{{Seq: 1, Means: "PG", Amount: 10, State: "ABSENT", Reference: "-"}},
			Events: []Event{{Seq: 1, To: "ACCEPTED", States: "PENDING", At: w.tick()}, {Seq: 2, From: "ACCEPTED", To: "FAILED", Cause: "expired", States: "ABSENT", At: w.tick()}},
		})
		p.accepts(firstID+uint64(60+i)<<22, int32(i%partitions))
	}
	return p
}

func makeTopics(t testing.TB, client *kgo.Client, names ...string) {
	t.Helper()
	if _, err := kadm.NewClient(client).CreateTopics(t.Context(), partitions, 1, nil, names...); err != nil {
		t.Fatal(err)
	}
}

// other is the id of a payment of others; those are in partition i mod 3, in order.
func other(i int) uint64 { return firstID + uint64(60+i)<<22 }

// accepts is a message as the relay sends it, with its row.
func (p *post) accepts(payment uint64, partition int32) {
	p.rows = append(p.rows, outboxRow{payment: payment, sent: true, place: p.sends(partition, payment)})
}

// sends is a message without a row.
func (p *post) sends(partition int32, payment uint64) place {
	id := strconv.FormatUint(payment, 10)
	return p.produces(p.kafka.Topic, partition, id, `{"v":1,"payment_id":"`+id+`"}`)
}

// putsAside is a dead letter of a record.
func (p *post) putsAside(reason string, of place, key, value string) {
	p.produces(p.kafka.DeadLetters, 0, key, value, kgo.RecordHeader{Key: "reason", Value: []byte(reason)},
		kgo.RecordHeader{Key: "from", Value: fmt.Appendf(nil, "%s/%s", p.kafka.Topic, of)})
}

func (p *post) produces(topic string, partition int32, key, value string, headers ...kgo.RecordHeader) place {
	p.t.Helper()
	record := &kgo.Record{Topic: topic, Partition: partition, Key: []byte(key), Value: []byte(value), Headers: headers}
	if err := p.client.ProduceSync(context.Background(), record).FirstErr(); err != nil {
		p.t.Fatal(err)
	}
	if topic == p.kafka.Topic {
		p.sent[partition]++
	}
	return placeOf(record)
}

// row is that of a payment.
func (p *post) row(payment uint64) *outboxRow {
	for i := range p.rows {
		if p.rows[i].payment == payment {
			return &p.rows[i]
		}
	}
	panic("no such row")
}

func (p *post) drop(payment uint64) {
	for i := range p.rows {
		if p.rows[i].payment == payment {
			p.rows = append(p.rows[:i], p.rows[i+1:]...)
			return
		}
	}
}

// alsoRuns is a statement after the rows are there.
func (p *post) alsoRuns(statement string) {
	fill := p.also
	p.also = func(t *testing.T, db *sql.DB) {
		fill(t, db)
		insert(t, db, statement)
	}
}

// commits is one of the group.
func (p *post) commits(partition int32, at int64) {
	offsets := kadm.Offsets{}
	offsets.AddOffset(p.kafka.Topic, partition, at, -1)
	if err := kadm.NewClient(p.client).CommitAllOffsets(context.Background(), p.kafka.Group, offsets); err != nil {
		p.t.Error(err)
	}
}

// fill writes the rows, and commits.
func (p *post) fill(t *testing.T, db *sql.DB) {
	t.Helper()
	for _, r := range p.rows {
		if r.sent {
			insert(t, db, "INSERT INTO outbox (payment_id, created_at, sent_at, kafka_partition, kafka_offset) VALUES (?, NOW(6), NOW(6), ?, ?)", r.payment, r.partition, r.offset)
		} else {
			insert(t, db, "INSERT INTO outbox (payment_id, created_at) VALUES (?, NOW(6))", r.payment)
		}
	}
	offsets := kadm.Offsets{}
	for partition := range int32(partitions) {
		at, changed := p.commit[partition]
		if !changed {
			at = p.sent[partition]
		}
		if at >= 0 {
			offsets.AddOffset(p.kafka.Topic, partition, at, -1)
		}
	}
	if err := kadm.NewClient(p.client).CommitAllOffsets(t.Context(), p.kafka.Group, offsets); err != nil {
		t.Fatal(err)
	}
}
