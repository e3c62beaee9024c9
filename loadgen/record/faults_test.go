package record

import (
	"strings"
	"testing"
	"time"

	"gazua.example/loadgen/client"
)

func TestTally_Groups_CountAndKeepFirstAndLast(t *testing.T) {
	tally, at := NewTally(), time.Unix(100, 0)
	for _, second := range []int{1, 0, 2} { // answers overtake each other
		tally.Fault(First, "load", "http", "503 unavailable", at.Add(time.Duration(second)*time.Second))
	}
	tally.Fault(Left, "load", "no-answer", "reset", at)
	groups := tally.Groups()
	if len(groups) != 2 || groups[0].Count != 3 || !groups[0].First.Equal(at) || groups[0].Last.Sub(groups[0].First) != 2*time.Second || groups[1].Try != Left {
		t.Errorf("groups %+v", groups)
	}
	if groups[0].Sample != nil {
		t.Errorf("a sample of what is not known: %+v", groups[0].Sample)
	}
	for i := range 3 * maxGroups {
		tally.Fault(Repeat, "load", "http", strings.Repeat("x", i), at)
	}
	if n := len(tally.Groups()); n > maxGroups+1 {
		t.Errorf("%d groups are kept", n)
	}
}

// The sample is the first of the group, until there is one whose trace is recorded: that can be looked at.
func TestTally_Groups_SampleIsTheFirstRecorded(t *testing.T) {
	tally := NewTally()
	for number, sampled := range []bool{false, false, true, true} {
		a := &client.Answer{Number: number, TraceID: [2]uint64{0xabc, uint64(number) + 1}, Sampled: sampled}
		tally.FaultOf(a, First, "load", "http", "503", time.Unix(1, 0))
		want := []Sample{
			{Payment: 0, Trace: "0000000000000abc0000000000000001"},
			{Payment: 0, Trace: "0000000000000abc0000000000000001"},
			{Payment: 2, Trace: "0000000000000abc0000000000000003", Recorded: true},
			{Payment: 2, Trace: "0000000000000abc0000000000000003", Recorded: true},
		}[number]
		if got := tally.Groups()[0].Sample; *got != want {
			t.Errorf("after %d: %+v, want %+v", number+1, got, want)
		}
	}
}
