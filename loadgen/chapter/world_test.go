package chapter

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"gazua.example/loadgen/drill"
)

func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }

// journal: ten payments a second from 0 to 12 s, one of them looked at. At 6.05 s one gets no answer, at 6.15 s one is told
// 503, and the one that is planned at 6.2 s comes to its end 9 s later.
const seconds = 12

func writeJournal(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "journal.jsonl")
	text := `{"k":"h","v":2,"run":"r","start":"2026-01-01T00:00:00Z","n":0}` + "\n"
	for n := 1; n <= 10*seconds; n++ {
		at := n * 100_000
		text += line(`{"k":"p","n":%d,"at":%d}`, n, at)
		switch n {
		case 60:
			text += line(`{"k":"a","n":%d,"s":%d,"d":%d,"err":"reset"}`, n, at, at+50_000) + line(`{"k":"a","n":%d,"s":%d,"d":%d,"st":201}`, n, at+60_000, at+90_000)
		case 61:
			text += line(`{"k":"a","n":%d,"s":%d,"d":%d,"st":201}`, n, at, at+20_000) + line(`{"k":"g","n":%d,"s":%d,"d":%d,"st":503}`, n, at+30_000, at+50_000)
		default:
			text += line(`{"k":"a","n":%d,"s":%d,"d":%d,"st":201}`, n, at, at+40_000)
		}
		end := at + 100_000
		if n == 62 {
			end = at + 9_000_000
		}
		text += line(`{"k":"f","n":%d,"at":%d,"b":"PAID"}`, n, end)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// outcome: payment-api-2 was ended at 5 s without finishing its requests; it overran on the way.
func outcome() *drill.Outcome {
	return &drill.Outcome{
		Drill: graceful, Verdict: "FAIL", Lost: "0", Duplicated: "0", Final: 8 * time.Second, Repeats: &drill.Repeats{Messages: 2, Callbacks: 1},
		Failures: []drill.Failure{{Check: "errors", Text: "x"}, {Check: "late", Text: "x"}, {Check: "errors", Text: "y"}},
		Breaks: []drill.Break{
			{What: "SIGTERM to payment-api-1", At: ms(2000)},
			{What: "SIGTERM to payment-worker-1", At: ms(3000)},
			{What: "SIGTERM to payment-api-2", At: ms(4990), Detected: ms(5600), Healed: ms(8200)},
			{What: "the end", At: ms(12_000)},
		},
		Impacts: []drill.Impact{{Errors: 1}, {Errors: 9}, {Errors: 2, Late: 1}},
		Shutdowns: []drill.Shutdown{
			{Process: "payment-api-1", Signal: ms(2000), Ended: ms(2100), Exit: 0},
			{Process: "payment-api-2", Signal: ms(5000), Ended: ms(7600), Lasted: ms(2600), Code: 1, Exit: 1, Phases: []drill.PhaseSeen{
				{Phase: "readiness off", Ended: ms(5000) + 90*time.Microsecond, Lasted: 90 * time.Microsecond, Outcome: "done"},
				{Phase: "balancer notices", Ended: ms(6500), Lasted: ms(1500), Outcome: "done"},
				{Phase: "stop accepting", Ended: ms(6501), Lasted: ms(1), Outcome: "done"},
				{Phase: "finish detached work", Ended: ms(7590), Lasted: ms(1089), Outcome: "overrun", Left: "2 payments in flight & <more>"},
				{Phase: "close admin", Ended: ms(7600), Lasted: ms(10), Outcome: "done"},
			}},
		},
		Drains: []drill.Drain{{Of: "payment-api", N: 2, P50: 100, P99: 2600, Max: 2600}, {Of: "payment-api", Phase: "finish requests", N: 1, P50: 5, P99: 5, Max: 5}},
	}
}

var fixed = Case{Name: "fixed", Drill: graceful, Of: "api", Title: "Without finishing requests", Missing: "finish requests"}

func drawn(t *testing.T) (*timeline, *sights) {
	t.Helper()
	s, err := readSights(writeJournal(t))
	if err != nil {
		t.Fatal(err)
	}
	tl, err := timelineOf(fixed, outcome(), s)
	if err != nil {
		t.Fatal(err)
	}
	return tl, s
}
