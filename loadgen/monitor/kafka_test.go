package monitor

import (
	"context"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"gazua.example/infra/stack/stacktest"
)

// broker gives an empty broker with the topic, and a client to play the system with.
func broker(t *testing.T, count int32) (addr string, client *kgo.Client) {
	t.Helper()
	addr, stop, err := stacktest.StartBroker(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	client, err = kgo.NewClient(kgo.SeedBrokers(addr), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.MaxVersions(kversion.V2_8_0()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	create := kmsg.NewPtrCreateTopicsRequest()
	for _, name := range []string{topic, deadTopic} {
		wanted := kmsg.NewCreateTopicsRequestTopic()
		wanted.Topic, wanted.NumPartitions, wanted.ReplicationFactor = name, count, 1
		create.Topics = append(create.Topics, wanted)
	}
	answer, err := create.RequestWith(t.Context(), client)
	if err != nil {
		t.Fatal(err)
	}
	for _, made := range answer.Topics {
		if err := kerr.ErrorForCode(made.ErrorCode); err != nil {
			t.Fatal(err)
		}
	}
	return addr, client
}

func produce(t *testing.T, client *kgo.Client, to string, partition int32, age time.Duration, n int) {
	t.Helper()
	for range n {
		r := &kgo.Record{Topic: to, Partition: partition, Value: []byte("x"), Timestamp: time.Now().Add(-age)}
		if err := client.ProduceSync(t.Context(), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}

func commit(t *testing.T, client *kgo.Client, partition int32, offset int64) {
	t.Helper()
	request := kmsg.NewPtrOffsetCommitRequest()
	request.Group, request.Generation = group, -1
	of := kmsg.NewOffsetCommitRequestTopic()
	of.Topic = topic
	p := kmsg.NewOffsetCommitRequestTopicPartition()
	p.Partition, p.Offset = partition, offset
	of.Partitions = append(of.Partitions, p)
	request.Topics = append(request.Topics, of)
	answer, err := request.RequestWith(t.Context(), client)
	if err != nil {
		t.Fatal(err)
	}
	if err := kerr.ErrorForCode(answer.Topics[0].Partitions[0].ErrorCode); err != nil {
		t.Fatal(err)
	}
}

func lagOf(t *testing.T, k *kafka) Values {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	v, err := k.read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestKafka_LagInMessagesAndInTime(t *testing.T) {
	addr, client := broker(t, 12)
	k, err := newKafka([]string{addr})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.client.Close)
	v := lagOf(t, k)
	if v["kafka/lag_messages"] != 0 || v["kafka/lag_s"] != 0 {
		t.Errorf("of an empty topic: %v", v)
	}
	produce(t, client, topic, 3, time.Minute, 5)
	produce(t, client, topic, 7, time.Hour, 1)
	produce(t, client, deadTopic, 0, 0, 2)
	commit(t, client, 7, 1) // the oldest record of all was read
	commit(t, client, 3, 2)
	v = lagOf(t, k)
	if v["kafka/lag_messages"] != 3 || v["kafka/lag_max_partition"] != 3 || v["kafka/dead_letters"] != 2 || v["kafka/produced_per_s"] <= 0 || v["kafka/consumed_per_s"] <= 0 {
		t.Errorf("%v", v)
	}
	if age := v["kafka/lag_s"]; age < 59 || age > 120 {
		t.Errorf("the oldest unread record is %g s old, want 60", age)
	}
	// Whoever stands still is behind for longer, and is not fetched again.
	next := k.next[3]
	later := lagOf(t, k)
	if later["kafka/lag_s"] <= v["kafka/lag_s"] || k.next[3] != next {
		t.Errorf("%g s, then %g s", v["kafka/lag_s"], later["kafka/lag_s"])
	}
	commit(t, client, 3, 5)
	if v = lagOf(t, k); v["kafka/lag_messages"] != 0 || v["kafka/lag_s"] != 0 || len(k.next) != 0 {
		t.Errorf("all read: %v", v)
	}
}

func TestKafka_FewerPartitionsThanUsual_AndNoSuchTopic(t *testing.T) {
	addr, client := broker(t, 3)
	k, err := newKafka([]string{addr})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.client.Close)
	produce(t, client, topic, 2, 0, 4)
	if v := lagOf(t, k); v["kafka/lag_messages"] != 4 {
		t.Errorf("%v", v)
	}
	empty, stop, err := stacktest.StartBroker(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	none, err := newKafka([]string{empty})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(none.client.Close)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if v, err := none.read(ctx); err == nil {
		t.Errorf("a topic that nobody made gave %v", v)
	}
}
