package verify

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
)

// arrears is how far the group is behind in a partition.
type arrears struct {
	partition      int32
	committed, end int64 // committed is -1 when nothing was
	missing        int64 // records; 0: it has committed what there never was
}

// behind names the partitions whose committed offset is before an end that was read earlier, or beyond the end of now. A
// partition without a record needs no commit.
func (l *kafkaLog) behind(ctx context.Context, ends map[int32]int64) (behind []arrears, err error) {
	starts, err := l.starts(ctx, l.topic)
	if err != nil {
		return nil, err
	}
	// A group that nobody knows is answered with -1 or with an error of its own; kadm makes both -1.
	fetched, err := l.admin.FetchOffsetsForTopics(ctx, l.group, l.topic)
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
		return nil, l.failed("the offsets of the group "+l.group, err)
	}
	now, err := l.ends(ctx, l.topic) // after the commits, which none of them may be beyond
	if err != nil {
		return nil, err
	}
	for _, partition := range slices.Sorted(maps.Keys(ends)) {
		a := arrears{partition: partition, committed: -1, end: ends[partition]}
		if answer, found := fetched.Lookup(l.topic, partition); found {
			if answer.Err != nil {
				return nil, l.failed(fmt.Sprintf("the offset of the group %s in partition %d", l.group, partition), answer.Err)
			}
			a.committed = answer.At
		}
		if a.committed > now[partition] {
			a.end = now[partition]
			behind = append(behind, a)
		} else if a.missing = a.end - max(a.committed, starts[partition]); a.missing > 0 {
			behind = append(behind, a)
		}
	}
	return behind, nil
}
