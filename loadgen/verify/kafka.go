package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Kafka is where the payments' messages are. It is read with franz-go; the system writes and reads with kafka-go, so that a
// fault of one client is not believed by the other.
type Kafka struct {
	Brokers     []string      // host:port; none: the messages are not judged
	Topic       string        // of the messages; empty: payment.accepted
	DeadLetters string        // topic of what was put aside; empty: payment.accepted.dead
	Group       string        // that works on the messages; empty: payment-worker
	Patience    time.Duration // for the group's last commits; 0: 30 s
}

// KafkaPositions are where the topics ended when the run started, by partition.
type KafkaPositions struct {
	Messages    map[int32]int64 `json:"messages"`
	DeadLetters map[int32]int64 `json:"dead_letters"`
}

// Bounds of what is asked of a broker.
const (
	brokerDial     = 3 * time.Second
	brokerRetries  = 3
	brokerAnswers  = 10 * time.Second // with all retries
	commitPatience = 30 * time.Second // a group that has just lost a member takes half of that to go on
)

// Ends is where both topics end now.
func (k Kafka) Ends(ctx context.Context) (ends KafkaPositions, err error) {
	log, err := k.open()
	if err != nil {
		return ends, err
	}
	defer log.close()
	if ends.Messages, err = log.ends(ctx, log.topic); err != nil {
		return ends, err
	}
	ends.DeadLetters, err = log.ends(ctx, log.deadLetters)
	return ends, err
}

// Lag is how many records the group has not committed, all partitions together.
func (k Kafka) Lag(ctx context.Context) (lag int64, err error) {
	log, err := k.open()
	if err != nil {
		return 0, err
	}
	defer log.close()
	ends, err := log.ends(ctx, log.topic)
	if err != nil {
		return 0, err
	}
	behind, err := log.behind(ctx, ends)
	for _, b := range behind {
		lag += b.missing
	}
	return lag, err
}

// kafkaLog is a connection to the brokers.
type kafkaLog struct {
	client                    *kgo.Client
	admin                     *kadm.Client
	address                   string // of the brokers, for errors
	topic, deadLetters, group string
}

// open reaches for the brokers when they are first asked something.
func (k Kafka) open() (*kafkaLog, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(k.Brokers...), kgo.ClientID("verifier"), kgo.DisableClientMetrics(),
		kgo.DialTimeout(brokerDial), kgo.RequestRetries(brokerRetries), kgo.RetryTimeout(brokerAnswers))
	if err != nil {
		return nil, fmt.Errorf("KAFKA_BROKERS %q: %w", strings.Join(k.Brokers, ","), err)
	}
	return &kafkaLog{
		client: client, admin: kadm.NewClient(client), address: strings.Join(k.Brokers, ","),
		topic: cmp.Or(k.Topic, "payment.accepted"), deadLetters: cmp.Or(k.DeadLetters, "payment.accepted.dead"), group: cmp.Or(k.Group, "payment-worker"),
	}, nil
}

func (l *kafkaLog) close() { l.client.Close() }

// failed names the broker in an error: without it there is no verdict.
func (l *kafkaLog) failed(what string, err error) error {
	return fmt.Errorf("ask Kafka at %s (KAFKA_BROKERS) for %s: %w", l.address, what, err)
}

func (l *kafkaLog) ends(ctx context.Context, topic string) (map[int32]int64, error) {
	listed, err := l.admin.ListEndOffsets(ctx, topic)
	return l.offsets(topic, "the end of", listed, err)
}

// starts is where the topic begins: the broker may have dropped what was before.
func (l *kafkaLog) starts(ctx context.Context, topic string) (map[int32]int64, error) {
	listed, err := l.admin.ListStartOffsets(ctx, topic)
	return l.offsets(topic, "the start of", listed, err)
}

func (l *kafkaLog) offsets(topic, what string, listed kadm.ListedOffsets, err error) (map[int32]int64, error) {
	if err == nil {
		err = listed.Error()
	}
	if errors.Is(err, kerr.UnknownTopicOrPartition) || err == nil && len(listed[topic]) == 0 {
		return nil, l.failed("the topic "+topic, errors.New("it is not there; a worker makes it when it starts"))
	}
	if err != nil {
		return nil, l.failed(what+" the topic "+topic, err)
	}
	offsets := map[int32]int64{}
	for partition, o := range listed[topic] {
		offsets[partition] = o.Offset
	}
	return offsets, nil
}

// tell adds the records of the offenders' payments to their histories, in one pass over those since the run's start.
func (k Kafka) tell(ctx context.Context, after KafkaPositions, offenders []*Offender) error {
	if len(k.Brokers) == 0 {
		return nil
	}
	log, err := k.open()
	if err != nil {
		return err
	}
	defer log.close()
	for _, of := range []struct {
		topic string
		after map[int32]int64
	}{{log.topic, after.Messages}, {log.deadLetters, after.DeadLetters}} {
		ends, err := log.ends(ctx, of.topic)
		if err != nil {
			return err
		}
		for record, err := range log.records(ctx, of.topic, of.after, ends) {
			if err != nil {
				return err
			}
			payment, _ := decodeMessage(record.Key, record.Value) // 0: it is about none
			for _, o := range offenders {
				if o.id != 0 && (o.id == payment || o.PaymentID == string(record.Key)) {
					o.Kafka = append(o.Kafka, told(record))
				}
			}
		}
	}
	return nil
}

// told is a record as a history shows it.
func told(r *kgo.Record) string {
	text := fmt.Sprintf("%s/%d/%d %s key %.40s value %.200s", r.Topic, r.Partition, r.Offset, r.Timestamp.UTC().Format(time.RFC3339Nano), r.Key, r.Value)
	for _, h := range r.Headers {
		text += fmt.Sprintf(" %.40s=%.120s", h.Key, h.Value)
	}
	return text
}
