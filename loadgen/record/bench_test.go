package record

import (
	"testing"
	"time"
)

// BenchmarkSeries_Second is what a second of the series costs the generator: five distributions of 1,000 values up to 5 s.
func BenchmarkSeries_Second(b *testing.B) {
	tally := NewTally()
	s, err := CreateSeries(b.TempDir(), "r", start, tally)
	if err != nil {
		b.Fatal(err)
	}
	now := start
	for b.Loop() {
		b.StopTimer()
		for _, l := range []*Latency{tally.SyncResponse, tally.Response, tally.Completion, tally.Own, tally.Lateness} {
			for i := range 1000 {
				l.Record(i, time.Duration(i)*5*time.Millisecond)
			}
		}
		b.StartTimer()
		now = now.Add(time.Second)
		s.Add(now, "load", "load", Gauges{})
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}
