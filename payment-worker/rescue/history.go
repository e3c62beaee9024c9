package rescue

import "time"

// history is since when the group has been how far in one partition: marks that rise in offset and time. There are at most
// as many as samples in the time that we look back, and one that is older.
type history struct {
	marks []mark
}

type mark struct {
	offset int64 // committed: everything below is done
	since  time.Time
}

// note adds a sample. An offset that went back (somebody reset the group) takes away what was said beyond it; that far the
// group has been since the first mark that was further.
func (h *history) note(committed int64, now time.Time, lookBack time.Duration) {
	since := now
	for len(h.marks) > 0 && h.marks[len(h.marks)-1].offset > committed {
		since = h.marks[len(h.marks)-1].since
		h.marks = h.marks[:len(h.marks)-1]
	}
	if len(h.marks) == 0 || h.marks[len(h.marks)-1].offset < committed {
		h.marks = append(h.marks, mark{committed, since})
	}
	for len(h.marks) > 1 && !h.marks[1].since.After(now.Add(-lookBack)) {
		h.marks = h.marks[1:]
	}
}

// passed says that the group had been past a record by then, and has been ever since.
func (h *history) passed(record int64, by time.Time) bool {
	for _, m := range h.marks {
		if m.offset > record {
			return !m.since.After(by)
		}
	}
	return false
}
