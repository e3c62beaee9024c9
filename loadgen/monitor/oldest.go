package monitor

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// oldest is the age of the oldest unread record, 0 when there is none. behind has the next offset of each partition that is
// behind; only those whose next record is another than at the last look are fetched.
func (k *kafka) oldest(ctx context.Context, behind map[int32]int64) (time.Duration, error) {
	fetch := map[int32]map[int32]int64{} // by leader
	for partition, offset := range behind {
		if k.next[partition].offset == offset && !k.next[partition].since.IsZero() {
			continue
		}
		delete(k.next, partition)
		leader := k.leader[topic][partition]
		if fetch[leader] == nil {
			fetch[leader] = map[int32]int64{}
		}
		fetch[leader][partition] = offset
	}
	for leader, offsets := range fetch {
		if err := k.fetch(ctx, leader, offsets); err != nil {
			return 0, err
		}
	}
	var age time.Duration
	for partition, w := range k.next {
		if _, still := behind[partition]; !still {
			delete(k.next, partition)
			continue
		}
		age = max(age, time.Since(w.since))
	}
	return age, nil
}

// fetch reads one batch of each of the partitions, the smallest that a broker gives.
func (k *kafka) fetch(ctx context.Context, leader int32, offsets map[int32]int64) error {
	request := kmsg.NewPtrFetchRequest()
	request.ReplicaID, request.MaxWaitMillis, request.MinBytes, request.MaxBytes, request.SessionEpoch = -1, 0, 0, 1<<20, -1
	t := kmsg.NewFetchRequestTopic()
	t.Topic = topic
	for partition, offset := range offsets {
		p := kmsg.NewFetchRequestTopicPartition()
		p.Partition, p.FetchOffset, p.PartitionMaxBytes, p.CurrentLeaderEpoch, p.LogStartOffset = partition, offset, 1, -1, -1
		t.Partitions = append(t.Partitions, p)
	}
	request.Topics = append(request.Topics, t)
	answer, err := request.RequestWith(ctx, k.client.Broker(int(leader)))
	if err != nil {
		return err
	}
	for _, t := range answer.Topics {
		for _, p := range t.Partitions {
			err := kerr.ErrorForCode(p.ErrorCode)
			if errors.Is(err, kerr.OffsetOutOfRange) || err == nil && len(p.RecordBatches) == 0 {
				continue // it was read or deleted meanwhile
			}
			if err == nil {
				var since time.Time
				if since, err = decodeBatchTime(p.RecordBatches); err == nil {
					k.next[p.Partition] = waiting{offsets[p.Partition], since}
				}
			}
			if err != nil {
				return fmt.Errorf("the next record of partition %d: %w", p.Partition, err)
			}
		}
	}
	return nil
}

// batchHead is the length of a record batch up to its records, and where in it the first record's time stands
// (kafka.apache.org/documentation, "Record Batch"). The records of a batch were sent together, so that the first one's time
// is that of each, to some milliseconds; nothing needs to be unpacked.
const (
	batchHead  = 61
	magicAt    = 16
	firstTime  = 27
	knownMagic = 2
)

func decodeBatchTime(batches []byte) (time.Time, error) {
	if len(batches) < batchHead {
		return time.Time{}, fmt.Errorf("a record batch of %d bytes has no head", len(batches))
	}
	if magic := batches[magicAt]; magic != knownMagic {
		return time.Time{}, fmt.Errorf("a record batch of format %d, not %d", magic, knownMagic)
	}
	millis := int64(binary.BigEndian.Uint64(batches[firstTime:]))
	if millis < 0 {
		return time.Time{}, errors.New("a record batch without a time")
	}
	return time.UnixMilli(millis), nil
}
