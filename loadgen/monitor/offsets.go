package monitor

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// find asks which partitions there are, and who leads them. A system that had no dead letter yet has no topic of them.
func (k *kafka) find(ctx context.Context) error {
	request := kmsg.NewPtrMetadataRequest()
	request.AllowAutoTopicCreation = false
	for _, name := range []string{topic, deadTopic} {
		asked := kmsg.NewMetadataRequestTopic()
		asked.Topic = kmsg.StringPtr(name)
		request.Topics = append(request.Topics, asked)
	}
	answer, err := request.RequestWith(ctx, k.client)
	if err != nil {
		return err
	}
	k.leader = map[string]map[int32]int32{}
	for _, t := range answer.Topics {
		if t.Topic == nil {
			continue
		}
		err := kerr.ErrorForCode(t.ErrorCode)
		if errors.Is(err, kerr.UnknownTopicOrPartition) && *t.Topic == deadTopic {
			continue
		}
		if err != nil {
			return fmt.Errorf("the topic %s: %w", *t.Topic, err)
		}
		k.leader[*t.Topic] = map[int32]int32{}
		for _, p := range t.Partitions {
			k.leader[*t.Topic][p.Partition] = p.Leader
		}
	}
	return nil
}

// offsets asks where each partition begins (-2) or ends (-1), of both topics.
func (k *kafka) offsets(ctx context.Context, moment int64) (map[string]map[int32]int64, error) {
	request := kmsg.NewPtrListOffsetsRequest()
	request.ReplicaID = -1
	for name, led := range k.leader {
		t := kmsg.NewListOffsetsRequestTopic()
		t.Topic = name
		for partition := range led {
			p := kmsg.NewListOffsetsRequestTopicPartition()
			p.Partition, p.Timestamp, p.CurrentLeaderEpoch = partition, moment, -1
			t.Partitions = append(t.Partitions, p)
		}
		request.Topics = append(request.Topics, t)
	}
	answer, err := request.RequestWith(ctx, k.client)
	if err != nil {
		return nil, err
	}
	found := map[string]map[int32]int64{}
	for _, t := range answer.Topics {
		found[t.Topic] = map[int32]int64{}
		for _, p := range t.Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				return nil, fmt.Errorf("partition %d of %s: %w", p.Partition, t.Topic, err)
			}
			found[t.Topic][p.Partition] = p.Offset
		}
	}
	return found, nil
}

// committed is how far the group has read. A group that nobody knows has read nothing: Kafka says so with -1 or error 69.
func (k *kafka) committed(ctx context.Context) (map[int32]int64, error) {
	request := kmsg.NewPtrOffsetFetchRequest()
	request.Group = group
	t := kmsg.NewOffsetFetchRequestTopic()
	t.Topic = topic
	for partition := range k.leader[topic] {
		t.Partitions = append(t.Partitions, partition)
	}
	request.Topics = append(request.Topics, t)
	answer, err := request.RequestWith(ctx, k.client)
	if err != nil {
		return nil, err
	}
	if err := kerr.ErrorForCode(answer.ErrorCode); err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
		return nil, fmt.Errorf("the group %s: %w", group, err)
	}
	read := map[int32]int64{}
	for _, t := range answer.Topics {
		for _, p := range t.Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
				return nil, fmt.Errorf("the group %s at partition %d: %w", group, p.Partition, err)
			}
			read[p.Partition] = p.Offset
		}
	}
	return read, nil
}
