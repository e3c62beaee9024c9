package verify

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"gazua.example/loadgen/internal/testdb"
)

// BenchmarkJudgeMessages is invariant 11 over as many rows and records as its name says: how long a run's messages take, and
// how much memory is kept, which must not grow with them.
func BenchmarkJudgeMessages(b *testing.B) {
	for _, n := range []int{20_000, 200_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) { benchJudge(b, n) })
	}
}

func benchJudge(b *testing.B, n int) {
	address, err := kafkaServer()
	if err != nil {
		b.Fatal(err)
	}
	admin, dsn := testdb.Open(b)
	topic := fmt.Sprintf("bench-%d-%d", n, topics.Add(1))
	kafka := Kafka{Brokers: []string{address}, Topic: topic, DeadLetters: topic + ".dead", Group: topic, Patience: time.Millisecond}
	client, err := kgo.NewClient(kgo.SeedBrokers(address), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	makeTopics(b, client, topic, kafka.DeadLetters)
	const batch = 1_000
	for first := 0; first < n; first += batch {
		var records []*kgo.Record
		var payments, rows []string
		for i := first; i < first+batch; i++ {
			id := strconv.FormatUint(firstID+uint64(i)<<22, 10)
			partition, offset := i%partitions, i/partitions
			records = append(records, &kgo.Record{Topic: topic, Partition: int32(partition), Key: []byte(id), Value: []byte(`{"v":1,"payment_id":"` + id + `"}`)})
			payments = append(payments, "("+id+",1,'o"+id+"',1,'KRW','ASYNC','PAID',1,REPEAT('k',32),NOW(6))")
			rows = append(rows, fmt.Sprintf("(%s,NOW(6),NOW(6),%d,%d)", id, partition, offset))
		}
		if err := client.ProduceSync(b.Context(), records...).FirstErr(); err != nil {
			b.Fatal(err)
		}
		for _, statement := range []string{
			"INSERT INTO payment (id, merchant_id, order_id, amount, currency, mode, state, version, key_hash, created_at) VALUES " + strings.Join(payments, ","),
			"INSERT INTO outbox (payment_id, created_at, sent_at, kafka_partition, kafka_offset) VALUES " + strings.Join(rows, ","),
		} {
			if _, err := admin.ExecContext(b.Context(), statement); err != nil {
				b.Fatal(err)
			}
		}
	}
	database, err := OpenDatabase(b.Context(), dsn)
	if err != nil {
		b.Fatal(err)
	}
	defer database.Close()
	var highest uint64
	for b.Loop() {
		snapshot, err := database.Snapshot(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		v := newVerdict(Scope{}, time.Now())
		v.Messages = &Messages{StaysByCause: map[string]int64{}}
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if err := judgeMessages(b.Context(), v, Sources{Database: database, Kafka: kafka}, snapshot); err != nil {
			b.Fatal(err)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		highest = max(highest, after.HeapAlloc-min(before.HeapAlloc, after.HeapAlloc))
		snapshot.Close()
		if v.Violated(11) != partitions || v.Messages.Records != int64(n) || v.Messages.Rows != int64(n) { // nothing is committed
			b.Fatalf("%+v, %+v", v.Messages, v.invariant(11).Offenders)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/float64(n)*1e6, "µs/message")
	b.ReportMetric(float64(highest)/1e6, "MB-kept")
}
