package monitor

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kversion"
)

// What the stack's programs call their topics and their group.
const (
	topic     = "payment.accepted"
	deadTopic = "payment.accepted.dead"
	group     = "payment-worker"
)

// findEvery is after how many looks the partitions and their leaders are asked for again; at once after a fault.
const findEvery = 30

// kafka compares what stands in the topic with what its group has read. It joins nothing and reads no message, only, of a
// partition that is behind, the head of the batch that is next.
type kafka struct {
	client *kgo.Client
	leader map[string]map[int32]int32 // of each topic's partitions
	looks  int                        // until they are asked for again
	next   map[int32]waiting          // of partitions that are behind
	counters
}

// waiting is the oldest unread record of a partition. As long as the group stands still it is the same.
type waiting struct {
	offset int64
	since  time.Time
}

// newKafka reaches for the brokers when it is first asked.
func newKafka(brokers []string) (*kafka, error) {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(brokers...), kgo.ClientID("loadgen-monitor"),
		kgo.MaxVersions(kversion.V2_8_0()), // topics by name, which are by id in later ones
		kgo.RequestRetries(0), kgo.RetryTimeout(time.Second), kgo.DialTimeout(500*time.Millisecond),
	)
	if err != nil {
		return nil, fmt.Errorf("make a Kafka client: %w", err)
	}
	return &kafka{client: client, next: map[int32]waiting{}, counters: counters{}}, nil
}

func (k *kafka) read(ctx context.Context) (Values, error) {
	v, err := k.measure(ctx)
	if err != nil {
		k.looks = 0 // a leader may have moved
		return nil, fmt.Errorf("ask Kafka: %w", err)
	}
	return v, nil
}

func (k *kafka) measure(ctx context.Context) (Values, error) {
	if k.looks--; k.looks <= 0 {
		if err := k.find(ctx); err != nil {
			return nil, err
		}
		k.looks = findEvery
	}
	first, err := k.offsets(ctx, -2)
	if err != nil {
		return nil, err
	}
	end, err := k.offsets(ctx, -1)
	if err != nil {
		return nil, err
	}
	committed, err := k.committed(ctx)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	behind, written, read, most, lag := map[int32]int64{}, 0.0, 0.0, 0.0, 0.0
	for partition, last := range end[topic] {
		// Who has committed nothing begins at the start; what was deleted before it was read is lost, and is no lag.
		at := max(committed[partition], first[topic][partition])
		written, read = written+float64(last), read+float64(at)
		if last > at {
			behind[partition] = at
			lag += float64(last - at)
			most = max(most, float64(last-at))
		}
	}
	v := Values{}
	v.put("kafka", "lag_messages", lag)
	v.put("kafka", "lag_max_partition", most)
	if rate, ok := k.rate("produced", written, now); ok {
		v.put("kafka", "produced_per_s", rate)
	}
	if rate, ok := k.rate("consumed", read, now); ok {
		v.put("kafka", "consumed_per_s", rate)
	}
	dead := 0.0
	for partition, last := range end[deadTopic] {
		dead += float64(last - first[deadTopic][partition])
	}
	v.put("kafka", "dead_letters", dead)
	oldest, err := k.oldest(ctx, behind)
	if err != nil {
		return v, err
	}
	v.put("kafka", "lag_s", max(0, oldest.Seconds()))
	return v, nil
}
