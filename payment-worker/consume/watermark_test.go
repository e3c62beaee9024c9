package consume

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// The model is a list of what was read and a set of what is done; the offset to commit is the first that is not done, or
// the one behind the last read. Offsets have gaps, since a broker may leave numbers out.
func TestWatermark_NeverPassesUnfinishedWork(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		start := rapid.Int64Range(0, 1000).Draw(t, "start")
		w := newWatermark(start)
		var read []int64
		done := map[int64]bool{}
		next, last := start, start
		t.Repeat(map[string]func(*rapid.T){
			"read": func(t *rapid.T) {
				next += rapid.Int64Range(0, 3).Draw(t, "gap")
				w.begin(next)
				read = append(read, next)
				next++
			},
			"finish": func(t *rapid.T) {
				open := slices.DeleteFunc(slices.Clone(read), func(o int64) bool { return done[o] })
				if len(open) == 0 {
					t.Skip("nothing is being worked on")
				}
				offset := rapid.SampledFrom(open).Draw(t, "offset")
				done[offset] = true
				w.end(offset)
			},
			"": func(t *rapid.T) {
				want, ahead := start, 0
				for i, offset := range read {
					if !done[offset] {
						ahead = len(read) - i
						break
					}
					want = offset + 1
				}
				if got := w.commit(); got != want || got < last {
					t.Fatalf("commits %d after %d, want %d: read %v, done %v", got, last, want, read, done)
				}
				if got := w.ahead(); got != ahead {
					t.Fatalf("%d ahead, want %d", got, ahead)
				}
				last = want
			},
		})
	})
}
