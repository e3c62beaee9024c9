package rescue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
)

// GroupOffsets asks the broker what a group has committed for a topic.
type GroupOffsets struct {
	client     *kafka.Client
	transport  *kafka.Transport
	group      string
	topic      string
	partitions []int
}

var _ Offsets = (*GroupOffsets)(nil)

// NewGroupOffsets reaches for the brokers when it is first asked. Close ends it.
func NewGroupOffsets(brokers []string, group, topic string, partitions int) *GroupOffsets {
	transport := &kafka.Transport{DialTimeout: time.Second, MetadataTTL: time.Second, MetadataTopics: []string{topic}}
	g := &GroupOffsets{group: group, topic: topic, transport: transport, client: &kafka.Client{Addr: kafka.TCP(brokers...), Timeout: 3 * time.Second, Transport: transport}}
	for p := range partitions {
		g.partitions = append(g.partitions, p)
	}
	return g
}

// Close ends the connections.
func (g *GroupOffsets) Close() { g.transport.CloseIdleConnections() }

// Committed implements Offsets. A group that nobody knows has committed nothing: Kafka says so with -1 or with error 69.
func (g *GroupOffsets) Committed(ctx context.Context) (map[int]int64, error) {
	answer, err := g.client.OffsetFetch(ctx, &kafka.OffsetFetchRequest{GroupID: g.group, Topics: map[string][]int{g.topic: g.partitions}})
	if err == nil {
		err = answer.Error
	}
	if errors.Is(err, kafka.GroupIdNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("ask Kafka for the offsets of the group %s: %w", g.group, err)
	}
	committed := map[int]int64{}
	for _, p := range answer.Topics[g.topic] {
		if p.Error != nil && !errors.Is(p.Error, kafka.GroupIdNotFound) {
			return nil, fmt.Errorf("ask Kafka for the offset of partition %d: %w", p.Partition, p.Error)
		}
		if p.Error == nil && p.CommittedOffset >= 0 {
			committed[p.Partition] = p.CommittedOffset
		}
	}
	return committed, nil
}
