package rescue

import (
	"context"
	"fmt"

	"github.com/segmentio/kafka-go"
)

// Ends asks the brokers where partitions end: the offset of the next record that will be written to each. What one broker
// cannot tell now is left out.
func (g *GroupOffsets) Ends(ctx context.Context, partitions []int) (map[int]int64, error) {
	requests := make([]kafka.OffsetRequest, len(partitions))
	for i, p := range partitions {
		requests[i] = kafka.LastOffsetOf(p)
	}
	answer, err := g.client.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{g.topic: requests}})
	if err != nil {
		return nil, fmt.Errorf("ask Kafka for the ends of %s: %w", g.topic, err)
	}
	ends := map[int]int64{}
	for _, p := range answer.Topics[g.topic] {
		if p.Error == nil {
			ends[p.Partition] = p.LastOffset
		}
	}
	return ends, nil
}
