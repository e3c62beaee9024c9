package verify

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

// Retention is what invariant 14 found beside its violations.
type Retention struct {
	Days       int    `json:"days"`        // that the census knows
	Rows       int64  `json:"rows"`        // live and archived, of those days, all tables together
	Archived   int    `json:"archived"`    // days that left since the run's start
	Exports    int    `json:"exports"`     // of them, whose export was read
	Exported   int64  `json:"exported"`    // rows in those
	Open       int    `json:"open"`        // payments that were open at the start
	NotChecked string `json:"not_checked"` // what could not be looked at, and why
}

// judgeRetention is invariant 14. It holds the end against the census that was made at the start:
//
//   - Of each day and each table, the rows that are live and those that were archived are together not fewer than before, nor
//     is the sum of the payments' amounts. Of a day that was over when the run started, there are exactly as many payments
//     and legs, of the same sums: nobody can make more.
//   - Each payment that was open at the start is still there, or was archived final.
//
// And each day that was archived agrees with itself:
//
//   - archive_total has counts of no day that archive_day does not call archived, and no state that is not final.
//   - Of each day that left since the start, the export is whole: the manifest has the hash that archive_day has, each file
//     the hash and the number of rows that the manifest has, and the rows sum to archive_total; each payment in it is PAID or
//     FAILED, each cancellation SUCCEEDED or FAILED, each id one of that day.
//
// The exports are files: where the folder is not on this machine they are not checked, and the verdict says so. What it
// cannot see: what happened to a row that was made after the start and was gone before the end, unless the client saw it.
func judgeRetention(ctx context.Context, v *Verdict, archive string, snapshot *Snapshot) error {
	v.Retention = &Retention{}
	if v.Scope.Census == nil {
		v.Retention.NotChecked = "the run made no census when it started"
		return nil
	}
	j := &retentionJudge{verdict: v, figures: v.Retention, snapshot: snapshot, census: v.Scope.Census, folder: archive}
	var err error
	if j.archived, err = snapshot.archivedDays(ctx); err != nil {
		return err
	}
	if j.totals, err = snapshot.archiveTotals(ctx); err != nil {
		return err
	}
	// What names a payment comes first, since only the first offenders are told.
	if err := j.findOpen(ctx); err != nil {
		return err
	}
	if err := j.readExports(); err != nil {
		return err
	}
	j.judgeTotals()
	return j.compareDays(ctx)
}

type retentionJudge struct {
	verdict  *Verdict
	figures  *Retention
	snapshot *Snapshot
	census   *Census
	folder   string // of the exports, "": not on this machine
	archived []archivedDay
	totals   archiveTotals
	sought   map[string][]uint64 // by day: open at the start, archived since; sorted
}

// compareDays holds each range of the census against what there is of it now.
func (j *retentionJudge) compareDays(ctx context.Context) error {
	now := make([]CensusDay, len(j.census.Days))
	for i, d := range j.census.Days {
		now[i] = CensusDay{Day: d.Day, First: d.First, Until: d.Until}
	}
	if err := j.snapshot.countDays(ctx, now, j.archived); err != nil {
		return err
	}
	j.figures.Days = len(now)
	for i := range now {
		for _, t := range tables {
			was, is := j.census.Days[i].Rows[t.name], now[i].Rows[t.name]
			j.verdict.check(14, max(is.Rows, was.Rows, 1))
			j.figures.Rows += is.Rows
			switch closed := now[i].closed(j.census.At) && t.fixed; {
			case is.Rows < was.Rows:
				j.violated("%d rows of %s of %s are gone: %d were live or archived at the start, and %d are", was.Rows-is.Rows, t.name, &now[i], was.Rows, is.Rows)
			case closed && is.Rows > was.Rows:
				j.violated("%s of %s has %d rows more than at the start (%d), live and archived together, and that day was over", t.name, &now[i], is.Rows-was.Rows, was.Rows)
			case closed && is.Amount != was.Amount, t.name == "payment" && is.Amount < was.Amount:
				j.violated("the amounts in %s of %s summed to %d at the start, and now sum to %d", t.name, &now[i], was.Amount, is.Amount)
			}
		}
	}
	return nil
}

// judgeTotals is what archive_total and archive_day say of each other.
func (j *retentionJudge) judgeTotals() {
	final := map[string][]string{"payment": {"PAID", "FAILED"}, "cancellation": {"SUCCEEDED", "FAILED"}}
	for of, is := range j.totals {
		j.verdict.check(14, 1)
		i := slices.IndexFunc(j.archived, func(d archivedDay) bool { return d.day == of.day && d.left() })
		switch {
		case i < 0:
			j.violated("archive_total has %d rows of %s of %s, and archive_day does not say that this day was archived", is.rows, of.table, of.day)
		case final[of.table] != nil && !slices.Contains(final[of.table], of.state):
			j.violated("%s was archived with %d rows of %s that are %s, which is not final", of.day, is.rows, of.table, of.state)
		}
	}
}

// openPage is how many payments that were open are looked up at once.
const openPage = 1_000

// findOpen looks for what was open at the start. What left with its day is looked for in the export.
func (j *retentionJudge) findOpen(ctx context.Context) error {
	j.sought = map[string][]uint64{}
	j.figures.Open = len(j.census.Open)
	for page := range slices.Chunk(j.census.Open, openPage) {
		live, err := j.snapshot.states(ctx, "payment", page)
		if err != nil {
			return err
		}
		for _, id := range page {
			j.verdict.check(14, 1)
			if _, there := live[id]; there {
				continue
			}
			of := archivedIn(j.archived, id)
			switch {
			case of == nil:
				j.gone(id)
			case of.left() && j.leftBefore(of):
				j.verdict.violated(14, &Case{ID: id}, "", "it was open when the run started, and %s had been archived before", of.day)
			case of.left():
				j.sought[of.day] = append(j.sought[of.day], id)
			default:
				leaving, err := j.snapshot.states(ctx, of.private("payment"), []uint64{id})
				if err != nil {
					return err
				}
				if len(leaving) == 0 {
					j.gone(id)
				}
			}
		}
	}
	return nil
}

func (j *retentionJudge) gone(id uint64) {
	j.verdict.violated(14, &Case{ID: id}, "", "it was open when the run started, and is neither live nor archived")
}

// states looks payments up, in the table or in one that a day was exchanged into.
func (s *Snapshot) states(ctx context.Context, name string, ids []uint64) (map[uint64]string, error) {
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	states := make(map[uint64]string, len(ids))
	err := s.each(ctx, func(rows *sql.Rows) error {
		var id uint64
		var state string
		err := rows.Scan(&id, &state)
		states[id] = state
		return err
	}, "SELECT id, state FROM "+name+" WHERE id IN ("+strings.Repeat(",?", len(ids))[1:]+")", args...)
	if err != nil {
		return nil, fmt.Errorf("look up %d payments in %s: %w", len(ids), name, err)
	}
	return states, nil
}

// violated is of a day, and names no payment.
func (j *retentionJudge) violated(format string, args ...any) {
	j.verdict.violated(14, &Case{}, "", format, args...)
}
