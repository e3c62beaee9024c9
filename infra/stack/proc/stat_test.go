package proc

import "testing"

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
