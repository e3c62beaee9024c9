package proc

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
)

func TestEnded_ZombieWithThreads_StillHoldsItsPorts(t *testing.T) {
	for _, c := range []struct {
		state, threads string
		ended          bool
	}{{"S", "7", false}, {"R", "1", false}, {"T", "7", false}, {"Z", "5", false}, {"Z", "1", true}, {"Z", "0", true}, {"X", "1", true}} {
		text := "77 (a ) b) " + c.state + " 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 5 " + c.threads + " 0 4242 0 0"
		got, err := parseStat(text)
		if err != nil {
			t.Fatal(err)
		}
		if got.ended() != c.ended || got.start != 4242 {
			t.Errorf("%s with %s threads: ended %t, start %d", c.state, c.threads, got.ended(), got.start)
		}
	}
}

// FuzzParseStat: whatever a program calls itself, its state, threads and start are read from behind its name.
func FuzzParseStat(f *testing.F) {
	f.Add("payment-api", byte('S'), 7, uint64(4242))
	f.Add("a ) b) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 5 1 0 17 ", byte('Z'), 1, uint64(0))
	f.Add("\n", byte('R'), 0, ^uint64(0))
	f.Fuzz(func(t *testing.T, name string, state byte, threads int, start uint64) {
		_, _ = parseStat(name) // no text is a reason to panic
		if state <= ' ' || state >= 0x7f || state == ')' {
			return
		}
		got, err := parseStat(fmt.Sprintf("77 (%s) %c 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 5 %d 0 %d 0 0", name, state, threads, start))
		if want := (stat{state: state, threads: threads, start: start}); err != nil || got != want {
			t.Errorf("%+v %v, want %+v", got, err, want)
		}
	})
}

// FuzzDecodeRecord: what is taken for a record names one process, and is the same record after Save and Load.
func FuzzDecodeRecord(f *testing.F) {
	f.Add([]byte(`{"name":"mysql","pid":77,"start_ticks":4242,"boot_id":"b","started_at":"2026-11-23T05:00:00.001Z","fingerprint":"f","stopped":false}`))
	f.Add([]byte(`{"name":"mysql","pid":-1}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := decodeRecord(text)
		if err != nil {
			return
		}
		if r.PID < 1 || r.Name == "" {
			t.Fatalf("accepted: %+v", r)
		}
		saved, err := json.Marshal(r)
		if err != nil {
			t.Fatalf("cannot be saved again: %v", err)
		}
		again, err := decodeRecord(saved)
		if err != nil || !again.StartedAt.Equal(r.StartedAt) {
			t.Fatalf("%s %v", saved, err)
		}
		again.StartedAt = r.StartedAt // the same moment, whose zone may be another value
		if !reflect.DeepEqual(again, r) {
			t.Errorf("%+v became %+v", r, again)
		}
	})
}
