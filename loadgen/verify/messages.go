package verify

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Messages is what invariant 11 found beside its violations.
type Messages struct {
	Rows         int64            `json:"outbox_rows"`    // of the run
	Records      int64            `json:"records"`        // since the run's start
	Repeated     int64            `json:"repeated"`       // records that no row names: the relay may send twice
	DeadLetters  int64            `json:"dead_letters"`   // since the run's start
	Archived     int64            `json:"archived"`       // records whose payment's day was archived
	Unkept       int64            `json:"unkept"`         // rows whose record the broker does not keep any more: not judged
	Swept        int64            `json:"swept"`          // payments older than the outbox keeps its rows: not judged
	StaysByCause map[string]int64 `json:"stays_by_cause"` // in ACCEPTED, by what ended them
}

// judgeMessages is invariant 11, as far as the topics tell it:
//
//   - Each row of the outbox was sent, and the record that it names (partition and offset) is there and is about its payment.
//   - Each record since the run's start is about a payment that is asynchronous and there, or archived; or it is a dead
//     letter. A record that no row names is a message that was sent twice, which is allowed, and counted.
//   - Each dead letter names its cause and its record, and that record is indeed about no payment.
//   - The group has committed each partition to its end.
//
// What the payments' histories tell of it is judged with each payment (messaged).
//
// The rows come from MySQL and the records from Kafka, both sorted by partition and offset, and are merged; only a page of
// records is held. The rule for rows that are not there: the outbox keeps a row for a day after it was sent, so a payment
// that is older than a day may have none, and is counted as swept.
func judgeMessages(ctx context.Context, v *Verdict, from Sources, snapshot *Snapshot) error {
	if v.Messages == nil {
		return nil
	}
	log, err := from.Kafka.open()
	if err != nil {
		return err
	}
	defer log.close()
	j := &messageJudge{verdict: v, log: log, database: from.Database, after: v.Scope.FromOffsets, figures: v.Messages}
	if j.ends, err = log.ends(ctx, log.topic); err != nil {
		return err
	}
	if j.starts, err = log.starts(ctx, log.topic); err != nil {
		return err
	}
	if err := j.readDeadLetters(ctx); err != nil {
		return err
	}
	if j.archived, err = snapshot.archivedDays(ctx); err != nil {
		return err
	}
	if err := j.merge(ctx, snapshot); err != nil {
		return err
	}
	return j.committed(ctx, from.Kafka)
}

// messageJudge is on its way through the rows and the records.
type messageJudge struct {
	verdict  *Verdict
	figures  *Messages
	log      *kafkaLog
	database *Database

	after        KafkaPositions
	starts, ends map[int32]int64
	dead         map[place]bool // records that were put aside
	archived     []archivedDay
	page         []heard // records whose payments are still to be looked up
	last         place   // that a row has named
}

// outboxRow is a row of the outbox; it has a place once it is sent.
type outboxRow struct {
	id, payment uint64
	sent        bool
	place
}

// merge goes through the rows and the records in one order.
func (j *messageJudge) merge(ctx context.Context, snapshot *Snapshot) error {
	next, stop := iter.Pull2(j.log.records(ctx, j.log.topic, j.after.Messages, j.ends))
	defer stop()
	record, err, more := next()
	j.last = place{-1, -1}
	each := func(row outboxRow) error {
		for err == nil && more && row.sent && placeOf(record).before(row.place) {
			if err := j.hear(ctx, record, false); err != nil {
				return err
			}
			record, err, more = next()
		}
		if err == nil && j.judgeRow(row, record, more) {
			if err := j.hear(ctx, record, true); err != nil {
				return err
			}
			record, err, more = next()
		}
		return err
	}
	if err := snapshot.outbox(ctx, j.verdict.Scope, each); err != nil {
		return err
	}
	for ; more && err == nil; record, err, more = next() {
		if err := j.hear(ctx, record, false); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	return j.lookUp(ctx)
}

// outbox hands out the rows of the scope's payments: those that are not sent, then the others by place. MySQL sorts them, on
// its disk when they are many.
func (s *Snapshot) outbox(ctx context.Context, scope Scope, each func(outboxRow) error) error {
	err := s.each(ctx, func(rows *sql.Rows) error {
		var r outboxRow
		var partition, offset sql.NullInt64
		if err := rows.Scan(&r.id, &r.payment, &partition, &offset); err != nil {
			return err
		}
		r.sent, r.place = partition.Valid && offset.Valid, place{int32(partition.Int64), offset.Int64}
		return each(r)
	}, `SELECT id, payment_id, kafka_partition, kafka_offset FROM outbox WHERE payment_id > ? AND payment_id <= ?
		ORDER BY sent_at IS NOT NULL AND kafka_partition IS NOT NULL AND kafka_offset IS NOT NULL, kafka_partition, kafka_offset, id`, scope.firstID(), scope.lastID())
	if err != nil {
		return fmt.Errorf("read the outbox: %w", err)
	}
	return nil
}

// judgeRow says whether the record at hand is the row's. A row of a payment from just before the run's start, as ids tell,
// may be an earlier run's: it is judged when its record came since.
func (j *messageJudge) judgeRow(row outboxRow, record *kgo.Record, more bool) bool {
	early := row.payment <= j.verdict.Scope.FromID
	if early && (!row.sent || row.offset < j.after.Messages[row.partition]) {
		return false
	}
	j.figures.Rows++
	j.verdict.check(11, 1)
	c := &Case{ID: row.payment}
	end, known := j.ends[row.partition]
	switch {
	case !row.sent:
		j.verdict.violated(11, c, "", "its row %d of the outbox was never sent", row.id)
	case row.place == j.last:
		j.verdict.violated(11, c, "", "its row %d of the outbox names record %s, and so does another row", row.id, row.place)
	case !known || row.offset < 0 || row.offset >= end:
		j.verdict.violated(11, c, "", "its row %d of the outbox names record %s, and the topic has none there: the partition ends at %d", row.id, row.place, end)
	case row.offset < j.after.Messages[row.partition]:
		j.verdict.violated(11, c, "", "its row %d of the outbox names record %s, which is older than the run: the partition ended at %d",
			row.id, row.place, j.after.Messages[row.partition])
	case row.offset < j.starts[row.partition]:
		j.figures.Unkept++
	case !more || placeOf(record) != row.place:
		j.verdict.violated(11, c, "", "its row %d of the outbox names record %s, and there is none", row.id, row.place)
	default:
		j.last = row.place
		if named, err := decodeMessage(record.Key, record.Value); err != nil || named != row.payment {
			j.verdict.violated(11, c, "", "its row %d of the outbox names record %s, which is about payment %d (0: none)", row.id, row.place, named)
		}
		return true
	}
	return false
}

// committed waits for the group's last commits: they follow the work, by the consumer's interval.
func (j *messageJudge) committed(ctx context.Context, from Kafka) error {
	patience := from.Patience
	if patience == 0 {
		patience = commitPatience
	}
	j.verdict.check(11, int64(len(j.ends)))
	for deadline := time.Now().Add(patience); ; {
		behind, err := j.log.behind(ctx, j.ends)
		if err != nil {
			return err
		}
		last := time.Now().After(deadline)
		for _, b := range behind {
			if last {
				j.verdict.violated(11, &Case{}, "", "partition %d of %s ends at %d, and the group %s has committed %d (-1: nothing)",
					b.partition, j.log.topic, b.end, j.log.group, b.committed)
			}
		}
		if last || len(behind) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}
