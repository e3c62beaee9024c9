package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gazua.example/loadgen/record"
	"gazua.example/loadgen/scenario"
	"gazua.example/loadgen/verify"
)

var update = flag.Bool("update", false, "write the golden files anew")

func example() *Result {
	at := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
	return &Result{
		Schema: Schema, Run: "soak-0a1b2c3d4e", Folder: ".runs/20261123-020000-soak", Target: "http://127.0.0.1:18080", Load: 180, Settle: 61.2, Model: "open",
		Rate: 300, Counts: record.Counts{
			Planned: 54010, Sent: 54000, Unsent: 10, Paid: 52400, Failed: 1600, Attempts: 54120, Looks: 61000,
			Cancels:   record.CancelCounts{Asked: 5500, Succeeded: 5200, Failed: 100, Rejected: 200, Attempts: 5600, Looks: 90},
			Probes:    record.ProbeCounts{Sent: 1600, Answered: 1590, Paid: 9, Failed: 1, Attempts: 1610, Looks: 12},
			Callbacks: record.CallbackCounts{Received: 27300, Refused: 270, Untaken: 1},
		},
		Latency: Latencies{
			SyncResponse: record.Figures{Count: 27000, Mean: 70.1, P50: 61, P90: 110, P99: 212.4, P999: 5004, Max: 5100.2},
			Response:     record.Figures{Count: 115120, Mean: 33, P50: 12, P90: 90, P99: 180, P999: 400, Max: 5100},
			Completion:   record.Figures{Count: 54000, Mean: 130, P50: 120, P90: 200, P99: 900, P999: 61000, Max: 75000},
			Own:          record.Figures{Count: 54000, Mean: 40, P50: 30, P90: 70, P99: 410, P999: 5900, Max: 9100},
		},
		Async: Async{Requested: 27000, Completed: 27000, BacklogMax: 310, BacklogMaxAt: 74, OldestPendingMax: 61.4, Drain: 12.5},
		Faults: []record.Group{
			{
				Try: record.First, Phase: "load", Class: "http", Code: "503 unavailable", Count: 120, First: at, Last: at.Add(time.Minute),
				Sample: &record.Sample{Payment: 77, Trace: "00112233445566778899aabbccddeeff", Recorded: true},
			},
			{Try: record.Left, Phase: "settle", Class: "no-answer", Code: "timeout", Count: 1, First: at, Last: at},
		},
		Generator:  Generator{Lateness: record.Figures{Count: 54000, P50: 0.6, P99: 1.4, Max: 8}, CPUShare: 0.11, Cores: 2, CPUPerCall: 71, GCPauseMax: 0.2, RSSMaxMiB: 48},
		PGAddedP99: 0.41,
		Efficiency: &Efficiency{
			Seconds: 180, Payments: 54000, BedShare: 0.2, BedCores: 0.3, SystemCores: 1.2, HostCores: 1.6, PerPayment: 4000,
			Processes: []Use{
				{Process: "payment-api-1", Part: "system", Cores: 0.9, CPUPerPayment: 3000, WrotePerPayment: 12, RSSMax: 80 << 20},
				{Process: "loadgen", Part: "bed", Cores: 0.11, CPUPerPayment: 366, ReadPerPayment: 1, WrotePerPayment: 2100, RSSMax: 48 << 20},
			},
		},
		Invariants: []InvariantLine{{1, "at most once", 52000, 0}, {6, "liveness", 54000, 0}, {7, "acknowledgement", 90000, 0}},
	}
}

func TestText_Golden(t *testing.T) {
	var b bytes.Buffer
	r := example()
	Table(&b, &verify.Verdict{
		Sent: 54000, Payments: 54001, Booked: 61000, Took: 1.5, Foreign: 1,
		CancellationsSent: 5500, Cancellations: 5300, Probes: 1610, Callbacks: 27300,
		Reconciled: verify.Reconciled{Statement: verify.Sums{Captures: 70000, Refunds: 6000}},
		Invariants: []verify.Invariant{
			{Number: 1, Name: "at most once", Unit: "orders in the book", Checked: 52000},
			{Number: 6, Name: "liveness", Unit: "payments", Checked: 54000, Violated: 12, Offenders: []verify.Offender{{
				PaymentID: "118182731011067904", Order: "soak-0a1b2c3d4e-7", What: "it is PROCESSING, not final",
				Statement: []string{`{"kind":"capture","reference":"118182731011067904.1"}`},
				Journal:   []string{`{"k":"p","n":7}`}, Database: []string{"payment soak-0a1b2c3d4e-7 25000 KRW ASYNC PROCESSING v2"},
			}}},
			{Number: 16, Name: "callbacks", Unit: "callbacks and promises", Checked: 54300},
		},
	})
	r.Pressure = &Pressure{CPU: 0.97}
	r.Hold(scenario.Default().Gate)
	Text(&b, r)
	r.Conclude([]string{"the series is not complete"})
	Reasons(&b, r)
	golden := filepath.Join("testdata", "report.txt")
	if *update {
		if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("the report has changed (go test ./report -update writes it anew):\n%s", b.String())
	}
}

func TestSave_CountsOfWhatWasDoneBesidePaying_AreInTheResult(t *testing.T) {
	path := filepath.Join(t.TempDir(), "result.json")
	if err := Save(path, example()); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var read struct {
		Counts struct {
			Cancellations struct{ Asked, Succeeded int64 }
			Probes        struct{ Sent, Answered int64 }
			Callbacks     struct{ Received, Refused int64 }
		}
	}
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	c := read.Counts
	if c.Cancellations.Asked != 5500 || c.Cancellations.Succeeded != 5200 || c.Probes.Sent != 1600 || c.Probes.Answered != 1590 ||
		c.Callbacks.Received != 27300 || c.Callbacks.Refused != 270 {
		t.Errorf("result.json counts %+v", c)
	}
}

func TestLine_IsTheContracts(t *testing.T) {
	r := example()
	r.Conclude(nil)
	want := "verdict=PASS payments=54000 rate=300.0 p99_ms=212.4 lost=0 duplicated=0 unsettled=0 violations=0 report=.runs/20261123-020000-soak/result.json"
	if r.Line() != want {
		t.Errorf("\n got %s\nwant %s", r.Line(), want)
	}
}

func TestLive_NoTerminal_OneLineNowAndThenAndForEachPhase(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	live, start := NewLive(file, 5*time.Second), time.Now()
	for second := range 12 {
		phase := "load"
		if second >= 11 {
			phase = "settle"
		}
		live.Show(start.Add(time.Duration(second)*time.Second), Moment{Phase: phase, Elapsed: time.Duration(second) * time.Second})
	}
	text, _ := os.ReadFile(file.Name())
	if lines := strings.Split(strings.TrimSpace(string(text)), "\n"); len(lines) != 4 { // seconds 0, 5, 10 and the new phase
		t.Errorf("%d lines:\n%s", len(lines), text)
	}
}
