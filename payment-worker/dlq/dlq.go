// Package dlq looks at the dead letters and sends them again.
//
// A dead letter is a message that could not be decoded or that named no payment; the consumer put it aside with its reason
// and went on. What a person has replayed is remembered in a consumer group of its own: the committed offset of a partition
// is the first letter that was not replayed, and those behind it that were are named in the commit's metadata.
//
//	dead letter ─► main topic, acknowledged by all replicas ─► commit
//
// A crash in between replays it twice, which is harmless: a message is only a signal.
package dlq

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/segmentio/kafka-go"

	"gazua.example/payment-api/events"
	"gazua.example/payment-worker/relay"
)

// Group remembers what was replayed, for as long as the broker keeps the offsets of a group (Kafka: 7 days by default, as
// long as the letters themselves).
const Group = "payment-worker.dead-letters"

// Bounds of the look at the letters.
const (
	callWithin = 10 * time.Second
	fetchWait  = 500 * time.Millisecond
	fetchBytes = 1 << 20
	batch      = 100 // letters of one partition that are replayed, then committed, together
)

// Letter is one dead letter.
type Letter struct {
	Place  Place
	At     time.Time // when it was put aside
	Reason string
	From   string // topic/partition/offset of the message that it was
	Key    []byte
	Value  []byte
	header []kafka.Header
}

// Producer sends messages and returns when all replicas have them.
type Producer interface {
	WriteMessages(ctx context.Context, messages ...kafka.Message) error
}

// Letters is the dead letter topic.
type Letters struct {
	client    *kafka.Client
	transport *kafka.Transport
	writer    *relay.Writer
	send      Producer
}

// Open reaches for the brokers when it is first asked something. Close ends it.
func Open(brokers []string) *Letters {
	transport := &kafka.Transport{DialTimeout: time.Second, MetadataTTL: time.Second}
	writer := relay.NewWriter(brokers)
	return &Letters{
		transport: transport, writer: writer, send: writer,
		client: &kafka.Client{Addr: kafka.TCP(brokers...), Timeout: callWithin, Transport: transport},
	}
}

// Close ends the connections.
func (l *Letters) Close() error {
	err := l.writer.Close()
	l.transport.CloseIdleConnections()
	return err
}

// List reads at most limit letters that were not replayed, oldest first, and says how many there are.
func (l *Letters) List(ctx context.Context, limit int) (letters []Letter, all int64, err error) {
	shelves, err := l.shelves(ctx)
	if err != nil {
		return nil, 0, err
	}
	for _, s := range shelves {
		all += s.end - s.next - int64(len(s.replayed))
		found, err := l.read(ctx, s, limit)
		if err != nil {
			return nil, 0, err
		}
		letters = append(letters, found...)
	}
	slices.SortStableFunc(letters, func(a, b Letter) int { return a.At.Compare(b.At) })
	return letters[:min(limit, len(letters))], all, nil
}

// Replay sends one letter again, also one that was replayed before.
func (l *Letters) Replay(ctx context.Context, at Place) error {
	shelves, err := l.shelves(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(shelves, func(s shelf) bool { return s.partition == at.Partition })
	if i < 0 || at.Offset < 0 || at.Offset >= shelves[i].end {
		return fmt.Errorf("there is no dead letter %s", at)
	}
	found, err := l.read(ctx, shelf{partition: at.Partition, next: at.Offset, end: at.Offset + 1}, 1)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return fmt.Errorf("the dead letter %s is gone: the topic does not keep it any more", at)
	}
	after := shelves[i]
	after.mark(at.Offset)
	return l.replay(ctx, after, found)
}

// ReplayAll sends every letter again that was there when it began and was not replayed, and says how many. A letter that
// dies again meanwhile comes back as a new one, for the next time.
func (l *Letters) ReplayAll(ctx context.Context) (replayed int, err error) {
	shelves, err := l.shelves(ctx)
	if err != nil {
		return 0, err
	}
	for _, s := range shelves {
		for s.next < s.end {
			found, err := l.read(ctx, s, batch)
			if err != nil {
				return replayed, err
			}
			if len(found) == 0 {
				break // the rest is gone, or was replayed one by one
			}
			s.from(found[len(found)-1].Place.Offset + 1)
			if err := l.replay(ctx, s, found); err != nil {
				return replayed, err
			}
			replayed += len(found)
		}
	}
	return replayed, nil
}

// replay sends letters of a shelf again, then remembers the shelf as it is after that.
func (l *Letters) replay(ctx context.Context, after shelf, letters []Letter) error {
	if err := after.full(); err != nil {
		return err
	}
	messages := make([]kafka.Message, len(letters))
	for i := range letters {
		messages[i] = letters[i].message()
	}
	bound, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	if err := l.send.WriteMessages(bound, messages...); err != nil {
		return fmt.Errorf("send dead letters of partition %d again: %w", after.partition, err)
	}
	return l.commit(ctx, after)
}

// message is the letter as it was, with the headers that said why it died replaced by where it lay.
func (l *Letter) message() kafka.Message {
	m := kafka.Message{Topic: events.Topic, Key: l.Key, Value: l.Value}
	for _, h := range l.header {
		if h.Key != events.HeaderReason && h.Key != events.HeaderFrom {
			m.Headers = append(m.Headers, h)
		}
	}
	events.Carrier{Message: &m}.Set(events.HeaderReplayed, l.Place.String())
	return m
}

func compare(a, b shelf) int { return cmp.Compare(a.partition, b.partition) }
