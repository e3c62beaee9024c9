package verify

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path/filepath"
)

// withArchive is the database together with the days that have left it: their payments are read from the exports, so that
// they are judged like all others, and a payment that retention took is not called lost.
//
//	live ─► │ export of a day │ ─► live ─► …      in the order of ids; a day is a range of them
//
// Where an export is not on this machine, or is damaged, nobody can say what became of its payments: they are left out and
// counted. Usually no day of a run has left; it is a run that is judged again months later whose payments are archived.
type withArchive struct {
	*Snapshot
	days    []archivedDay // that have left
	folder  string
	verdict *Verdict
}

// withArchive adds the days that are archived now.
func (s *Snapshot) withArchive(ctx context.Context, folder string, v *Verdict) (*withArchive, error) {
	all, err := s.archivedDays(ctx)
	if err != nil {
		return nil, err
	}
	w := &withArchive{Snapshot: s, folder: folder, verdict: v}
	for _, d := range all {
		if d.left() {
			w.days = append(w.days, d)
		}
	}
	return w, nil
}

// Payments implements pages.
func (w *withArchive) Payments(ctx context.Context, from, to uint64) iter.Seq2[*Payment, error] {
	return func(yield func(*Payment, error) bool) {
		for i := range w.days {
			d := &w.days[i]
			if d.until <= from+1 || d.first > to {
				continue
			}
			if !forward(w.Snapshot.Payments(ctx, from, d.first-1), yield) || !forward(w.exported(ctx, d, max(from, d.first-1), min(to, d.until-1)), yield) {
				return
			}
			from = min(to, d.until-1)
		}
		forward(w.Snapshot.Payments(ctx, from, to), yield)
	}
}

// forward says whether the receiver wants more.
func forward(payments iter.Seq2[*Payment, error], yield func(*Payment, error) bool) bool {
	for p, err := range payments {
		if !yield(p, err) || err != nil {
			return false
		}
	}
	return true
}

// unread says that the payment's day was archived, and its export cannot be read here.
func (v *Verdict) unread(id uint64) bool { return archivedIn(v.absent, id) != nil }

// exported yields the payments of a day with from < id ≤ to.
func (w *withArchive) exported(ctx context.Context, d *archivedDay, from, to uint64) iter.Seq2[*Payment, error] {
	return func(yield func(*Payment, error) bool) {
		files, err := openDay(filepath.Join(w.folder, d.name()))
		defer files.close()
		for err == nil && from < to {
			var found []*Payment
			if found, from, err = w.exportedPage(ctx, files, from, to); err != nil {
				break
			}
			for _, p := range found {
				if !yield(p, nil) {
					return
				}
			}
		}
		if w.folder == "" || errors.Is(err, fs.ErrNotExist) || errors.Is(err, errDamaged) { // invariant 14 tells which, and why
			rest := *d
			rest.first = max(d.first, from+1)
			w.verdict.absent = append(w.verdict.absent, rest)
		} else if err != nil {
			yield(nil, fmt.Errorf("read the archived payments of %s: %w", d.day, err))
		}
	}
}

// exportedPage reads up to its last payment, or up to to when there are no more. What is not cut by days is in the database.
func (w *withArchive) exportedPage(ctx context.Context, files day, from, to uint64) ([]*Payment, uint64, error) {
	found, until := page{}, to
	payments := files["payment"]
	for payments.head != nil && payments.head.id() <= to {
		if id := payments.head.id(); id > from {
			found[id], until = payments.head.payment(), id
		}
		if err := payments.next(); err != nil {
			return nil, from, err
		}
		if len(found) == pageSize {
			break
		}
	}
	if len(found) < pageSize {
		until = to
	}
	for _, t := range tables[1:] {
		for file := files[t.name]; file.head != nil && file.head.id() <= until; {
			if file.head.id() > from {
				file.head.hang(t.name, found)
			}
			if err := file.next(); err != nil {
				return nil, from, err
			}
		}
	}
	for _, read := range []func(context.Context, page, uint64, uint64) error{w.openWork, w.callbacks, w.messages} {
		if err := read(ctx, found, from, until); err != nil {
			return nil, from, err
		}
	}
	return found.sorted(), until, nil
}
