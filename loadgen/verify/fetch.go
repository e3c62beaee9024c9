package verify

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Bounds of one fetch, which are those of the memory that it takes.
const (
	fetchBytes = 1 << 20
	fetchWait  = 500 * time.Millisecond
	fetchEmpty = 20 // answers in a row without a record, below the end of the partition
)

// records yields a topic's records from their start positions to the ends, sorted by partition and offset. It asks one
// partition at a time, so that the order is total and what is held is one answer.
func (l *kafkaLog) records(ctx context.Context, topic string, from, ends map[int32]int64) iter.Seq2[*kgo.Record, error] {
	return func(yield func(*kgo.Record, error) bool) {
		described, err := l.admin.Metadata(ctx, topic)
		if err == nil {
			err = described.Topics[topic].Err
		}
		if err != nil {
			yield(nil, l.failed("the topic "+topic, err))
			return
		}
		starts, err := l.starts(ctx, topic)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, partition := range slices.Sorted(maps.Keys(ends)) {
			r := reader{
				log: l, topic: topic, topicID: described.Topics[topic].ID, partition: partition,
				leader: described.Topics[topic].Partitions[partition].Leader, next: max(from[partition], starts[partition]), end: ends[partition],
			}
			if !r.read(ctx, yield) {
				return
			}
		}
	}
}

// reader goes through one partition.
type reader struct {
	log       *kafkaLog
	topic     string
	topicID   [16]byte
	partition int32
	leader    int32
	next, end int64 // what is read next; where it ends
}

// read says whether the receiver wants more.
func (r *reader) read(ctx context.Context, yield func(*kgo.Record, error) bool) bool {
	for empty := 0; r.next < r.end; empty++ {
		answer, err := r.fetch(ctx)
		if err == nil && empty == fetchEmpty {
			err = fmt.Errorf("nothing came %d times, and the partition ends at %d", fetchEmpty, r.end)
		}
		if err != nil {
			yield(nil, r.log.failed(fmt.Sprintf("%s/%d/%d", r.topic, r.partition, r.next), err))
			return false
		}
		records, last := kgo.ProcessFetchPartition(kgo.ProcessFetchPartitionOpts{
			KeepControlRecords: true, Offset: r.next, Topic: r.topic, Partition: r.partition,
		}, answer, kgo.DefaultDecompressor(), nil)
		if records.Err != nil {
			yield(nil, r.log.failed(fmt.Sprintf("%s/%d/%d", r.topic, r.partition, r.next), records.Err))
			return false
		}
		for _, record := range records.Records {
			empty = -1
			if record.Offset >= r.end {
				return true
			}
			if !record.Attrs.IsControl() && !yield(record, nil) {
				return false
			}
		}
		r.next = max(r.next, last)
	}
	return true
}

// fetch asks the partition's leader once.
func (r *reader) fetch(ctx context.Context) (*kmsg.FetchResponseTopicPartition, error) {
	partition := kmsg.NewFetchRequestTopicPartition()
	partition.Partition, partition.FetchOffset, partition.PartitionMaxBytes = r.partition, r.next, fetchBytes
	topic := kmsg.NewFetchRequestTopic()
	topic.Topic, topic.TopicID, topic.Partitions = r.topic, r.topicID, append(topic.Partitions, partition)
	request := kmsg.NewFetchRequest()
	request.MaxWaitMillis, request.MinBytes, request.MaxBytes, request.Topics = int32(fetchWait.Milliseconds()), 1, fetchBytes, append(request.Topics, topic)

	ctx, cancel := context.WithTimeout(ctx, brokerAnswers)
	defer cancel()
	answered, err := r.log.client.Broker(int(r.leader)).RetriableRequest(ctx, &request)
	if err != nil {
		return nil, err
	}
	answer := answered.(*kmsg.FetchResponse)
	if err := kerr.ErrorForCode(answer.ErrorCode); err != nil {
		return nil, err
	}
	if len(answer.Topics) != 1 || len(answer.Topics[0].Partitions) != 1 {
		return nil, errors.New("the answer is not about that partition")
	}
	return &answer.Topics[0].Partitions[0], nil
}
