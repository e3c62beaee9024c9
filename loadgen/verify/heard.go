package verify

import (
	"context"
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
)

// heard is a record whose payment is to be looked up.
type heard struct {
	place
	payment uint64
	named   bool // by a row of the outbox
}

const (
	heardPage = 2_000
	// maxDeadLetters bounds what is remembered of them. A run with more is beyond judging one by one.
	maxDeadLetters = 100_000
)

// readDeadLetters remembers which records were put aside since the run's start.
func (j *messageJudge) readDeadLetters(ctx context.Context) error {
	ends, err := j.log.ends(ctx, j.log.deadLetters)
	if err != nil {
		return err
	}
	j.dead = map[place]bool{}
	for letter, err := range j.log.records(ctx, j.log.deadLetters, j.after.DeadLetters, ends) {
		if err != nil {
			return err
		}
		j.figures.DeadLetters++
		j.verdict.check(11, 1)
		from, err := decodeDeadLetter(j.log.topic, letter.Headers)
		if err != nil {
			payment, _ := decodeMessage(letter.Key, letter.Value)
			j.verdict.violated(11, &Case{ID: payment}, "", "dead letter %s: %v", placeOf(letter), err)
			continue
		}
		if j.dead[from] = true; len(j.dead) > maxDeadLetters {
			return fmt.Errorf("there are more than %d dead letters since the run's start: too many to judge", maxDeadLetters)
		}
	}
	return nil
}

// hear takes a record. One that names no payment is judged at once, the others page by page.
func (j *messageJudge) hear(ctx context.Context, record *kgo.Record, named bool) error {
	j.figures.Records++
	j.verdict.check(11, 1)
	if !named {
		j.figures.Repeated++
	}
	payment, err := decodeMessage(record.Key, record.Value)
	if err != nil {
		if !j.dead[placeOf(record)] {
			j.verdict.violated(11, &Case{}, "", "record %s names no payment, and is no dead letter: %v", placeOf(record), err)
		}
		return nil
	}
	if j.page = append(j.page, heard{placeOf(record), payment, named}); len(j.page) < heardPage {
		return nil
	}
	return j.lookUp(ctx)
}

// lookUp judges a page of records. The payments are read as they are now, on a connection of their own: a payment is
// committed before its record is sent, and the moment of the snapshot may lie before both.
func (j *messageJudge) lookUp(ctx context.Context) error {
	if len(j.page) == 0 {
		return nil
	}
	args := make([]any, len(j.page))
	for i, h := range j.page {
		args[i] = h.payment
	}
	modes, err := j.database.modes(ctx, args)
	if err != nil {
		return err
	}
	for _, h := range j.page {
		j.judgeHeard(h, modes[h.payment])
	}
	j.page = j.page[:0]
	return nil
}

// judgeHeard judges one record; mode is empty when its payment is not there.
func (j *messageJudge) judgeHeard(h heard, mode string) {
	c := &Case{ID: h.payment}
	switch {
	case mode == "" && archivedIn(j.archived, h.payment) != nil:
		j.figures.Archived++
	case mode == "" && !j.dead[h.place]:
		j.verdict.violated(11, c, "", "record %s names it, there is no such payment, and the record is no dead letter", h.place)
	case mode == "":
	case j.dead[h.place]:
		j.verdict.violated(11, c, "", "record %s was put aside as a dead letter, and it names this payment, which is there", h.place)
	case mode != "ASYNC" && !h.named: // a row of its own is told by the payment's history
		j.verdict.violated(11, c, "", "record %s names it, and it is %s: nobody sends messages of such", h.place, mode)
	}
}

// modes looks payments up; those that are not there are left out.
func (d *Database) modes(ctx context.Context, ids []any) (map[uint64]string, error) {
	rows, err := d.db.QueryContext(ctx, "SELECT id, mode FROM payment WHERE id IN ("+strings.Repeat(",?", len(ids))[1:]+")", ids...)
	if err != nil {
		return nil, fmt.Errorf("look up the payments of %d records: %w", len(ids), err)
	}
	defer rows.Close()
	modes := make(map[uint64]string, len(ids))
	for rows.Next() {
		var id uint64
		var mode string
		if err := rows.Scan(&id, &mode); err != nil {
			return nil, fmt.Errorf("look up the payments of %d records: %w", len(ids), err)
		}
		modes[id] = mode
	}
	return modes, rows.Err()
}
