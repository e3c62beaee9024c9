package dlq

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/segmentio/kafka-go"

	"gazua.example/payment-api/events"
)

// shelves reads how far each partition goes and how far it was replayed.
func (l *Letters) shelves(ctx context.Context) ([]shelf, error) {
	first := make([]kafka.OffsetRequest, events.Partitions)
	last := make([]kafka.OffsetRequest, events.Partitions)
	numbers := make([]int, events.Partitions)
	for p := range events.Partitions {
		first[p], last[p], numbers[p] = kafka.FirstOffsetOf(p), kafka.LastOffsetOf(p), p
	}
	bounds, err := l.client.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{events.DeadLetter: append(first, last...)}})
	if err != nil {
		return nil, fmt.Errorf("ask Kafka how many dead letters there are: %w", err)
	}
	var shelves []shelf
	for _, p := range bounds.Topics[events.DeadLetter] {
		if p.Error != nil {
			return nil, fmt.Errorf("ask Kafka for partition %d of %s (a running worker makes the topic): %w", p.Partition, events.DeadLetter, p.Error)
		}
		shelves = append(shelves, shelf{partition: p.Partition, next: max(p.FirstOffset, 0), end: p.LastOffset})
	}
	slices.SortFunc(shelves, compare)
	return shelves, l.remember(ctx, shelves, numbers)
}

// remember puts in what was replayed. A group that nobody ever committed for is answered with -1 or with an error.
func (l *Letters) remember(ctx context.Context, shelves []shelf, partitions []int) error {
	known, err := l.client.OffsetFetch(ctx, &kafka.OffsetFetchRequest{GroupID: Group, Topics: map[string][]int{events.DeadLetter: partitions}})
	if err == nil && known.Error != nil && !errors.Is(known.Error, kafka.GroupIdNotFound) {
		err = known.Error
	}
	if err != nil {
		return fmt.Errorf("ask Kafka what was replayed: %w", err)
	}
	for _, p := range known.Topics[events.DeadLetter] {
		for i := range shelves {
			s := &shelves[i]
			if s.partition != p.Partition || p.Error != nil || p.CommittedOffset < 0 {
				continue
			}
			kept := s.next // what was before it is not there any more
			s.next = p.CommittedOffset
			s.readMetadata(p.Metadata)
			s.from(kept)
		}
	}
	return nil
}

// commit remembers what was replayed of one partition.
func (l *Letters) commit(ctx context.Context, s shelf) error {
	answer, err := l.client.OffsetCommit(ctx, &kafka.OffsetCommitRequest{
		GroupID: Group, GenerationID: -1, // a group without members
		Topics: map[string][]kafka.OffsetCommit{events.DeadLetter: {{Partition: s.partition, Offset: s.next, Metadata: s.metadata()}}},
	})
	if err == nil {
		for _, p := range answer.Topics[events.DeadLetter] {
			err = errors.Join(err, p.Error)
		}
	}
	if err != nil {
		return fmt.Errorf("sent again, but not remembered, so that they will be listed once more: %w", err)
	}
	return nil
}

// read fetches at most limit letters of a shelf that were not replayed.
func (l *Letters) read(ctx context.Context, s shelf, limit int) (letters []Letter, err error) {
	for at := s.next; at < s.end && len(letters) < limit; {
		got, err := l.client.Fetch(ctx, &kafka.FetchRequest{Topic: events.DeadLetter, Partition: s.partition, Offset: at, MinBytes: 1, MaxBytes: fetchBytes, MaxWait: fetchWait})
		if err == nil {
			err = got.Error
		}
		if err != nil {
			return nil, fmt.Errorf("read the dead letters of partition %d from %d: %w", s.partition, at, err)
		}
		before := at
		if at, err = s.gather(got, at, limit, &letters); err != nil {
			return nil, err
		}
		if at == before {
			break // nothing is there: the broker left the rest of the numbers out
		}
	}
	return letters, nil
}

// gather takes the letters out of one answer and says where the next one begins.
func (s *shelf) gather(got *kafka.FetchResponse, at int64, limit int, letters *[]Letter) (int64, error) {
	for len(*letters) < limit {
		record, err := got.Records.ReadRecord()
		if errors.Is(err, io.EOF) {
			return at, nil
		}
		if err != nil {
			return at, fmt.Errorf("read the dead letter %d/%d: %w", s.partition, at, err)
		}
		letter, err := open(s.partition, record)
		if err != nil {
			return at, fmt.Errorf("read the dead letter %d/%d: %w", s.partition, record.Offset, err)
		}
		_, replayed := slices.BinarySearch(s.replayed, record.Offset)
		switch {
		case record.Offset < at: // a batch may begin before what was asked for
		case record.Offset >= s.end:
			return s.end, nil
		default:
			at = record.Offset + 1
			if !replayed {
				*letters = append(*letters, letter)
			}
		}
	}
	return at, nil
}

func open(partition int, r *kafka.Record) (Letter, error) {
	letter := Letter{Place: Place{partition, r.Offset}, At: r.Time, header: slices.Clone(r.Headers)}
	var err error
	if letter.Key, err = bytesOf(r.Key); err != nil {
		return letter, err
	}
	if letter.Value, err = bytesOf(r.Value); err != nil {
		return letter, err
	}
	headers := events.Carrier{Message: &kafka.Message{Headers: letter.header}}
	letter.Reason, letter.From = headers.Get(events.HeaderReason), headers.Get(events.HeaderFrom)
	return letter, nil
}

func bytesOf(b kafka.Bytes) ([]byte, error) {
	if b == nil {
		return nil, nil
	}
	defer b.Close()
	return io.ReadAll(b)
}
