package record

import (
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"gazua.example/loadgen/callback"
	"gazua.example/loadgen/client"
	"gazua.example/loadgen/scenario"
)

// Each kind of fact is read back as the line that the verifier knows.
func TestJournal_EachNote_IsItsLine(t *testing.T) {
	path, start := filepath.Join(t.TempDir(), "j"), time.Now()
	j, err := Create(path, "r", start)
	if err != nil {
		t.Fatal(err)
	}
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	created := client.Answer{Sent: at(1), Done: at(2), Status: 201, ID: "7", State: "PAID", Order: "o", Amount: 900, Hash: "0011223344556677"}
	refused := client.Answer{Sent: at(1), Done: at(2), Status: 422, Problem: "idempotency-key-reused"}
	canceled := client.Answer{Sent: at(3), Done: at(4), Status: 201, ID: "7", Seq: 2, State: "SUCCEEDED", Amount: 500, Hash: "8899aabbccddeeff", Replayed: true}
	looked := canceled
	looked.Status, looked.Hash, looked.Replayed = 200, "", false

	j.Attempt(3, &created)
	j.Probe(3, scenario.ReuseKey, "k", &refused)
	j.ProbeLook(3, scenario.SameOrder, &created)
	j.ProbeEnd(3, scenario.ReuseKey, "", "answered", at(2))
	j.Cancel(3, 1, 0, "k-cancel-2", &canceled)
	j.CancelLook(3, 1, &looked)
	j.CancelEnd(3, 1, "7", 2, "SUCCEEDED", at(4))
	j.Callback(&callback.Call{
		At: at(5), Merchant: 2, Signed: true, Answered: 500, Fault: callback.Refused, Type: "cancellation.succeeded", Payment: "7", Version: 5, Seq: 2,
		Status: "SUCCEEDED", Canceled: 500,
	})
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	want := []Entry{
		{Kind: "a", Number: 3, Sent: 1e6, Done: 2e6, Status: 201, ID: "7", State: "PAID", Order: "o", Amount: 900, Hash: "0011223344556677"},
		{Kind: "x", Number: 3, What: "reuse", Key: "k", Sent: 1e6, Done: 2e6, Status: 422, Problem: "idempotency-key-reused"},
		{Kind: "xg", Number: 3, What: "order", Sent: 1e6, Done: 2e6, Status: 201, ID: "7", State: "PAID", Order: "o", Amount: 900, Hash: "0011223344556677"},
		{Kind: "xf", Number: 3, What: "reuse", State: "answered", At: 2e6},
		{
			Kind: "c", Number: 3, Cancel: 1, Key: "k-cancel-2", Sent: 3e6, Done: 4e6, Status: 201, ID: "7", Seq: 2, State: "SUCCEEDED",
			Hash: "8899aabbccddeeff", Replayed: true,
		},
		{Kind: "cg", Number: 3, Cancel: 1, Amount: 500, Sent: 3e6, Done: 4e6, Status: 200, ID: "7", Seq: 2, State: "SUCCEEDED"},
		{Kind: "cf", Number: 3, Cancel: 1, ID: "7", Seq: 2, State: "SUCCEEDED", At: 4e6},
		{
			Kind: "w", Merchant: 2, What: "cancellation.succeeded", ID: "7", Revision: 5, Seq: 2, State: "SUCCEEDED", Amount: 500, Signed: true,
			Done: 5e6, Status: 500, Class: "refused",
		},
	}
	var got []Entry
	if err := Read(path, func(e Entry) error {
		if e.Kind != "h" {
			got = append(got, e)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read\n%+v\nwrote\n%+v", got, want)
	}
}

func TestCounts_Requests_AreAllThatGoOutAndComeIn(t *testing.T) {
	tally := NewTally()
	for i, counter := range []interface{ Add(int64) int64 }{
		&tally.Attempts, &tally.Looks, &tally.Cancels.Attempts, &tally.Cancels.Looks, &tally.Probes.Attempts, &tally.Probes.Looks, &tally.Callbacks,
	} {
		counter.Add(1 << i)
	}
	tally.Cancels.Begun.Add(5)
	tally.Cancels.Done.Add(3)
	c := tally.Counts()
	if c.Requests() != 1<<7-1 || c.Cancels.Pending != 2 || c.Probes.Pending != 0 {
		t.Errorf("%d requests: %+v", c.Requests(), c)
	}
}
