package callback

import (
	"testing"
	"testing/synctest"
	"time"
)

// gathering is what the recorder does with an outcome, while so many are under way and the others end at these times.
func gathering(t *testing.T, underWay int, ends ...time.Duration) (batch int, took time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &Sender{places: newPlaces(1000, 1000), outcomes: make(chan outcome, 1000)}
		for range underWay {
			s.places.take(1)
		}
		for _, at := range ends {
			time.AfterFunc(at, func() { s.outcomes <- outcome{merchant: 1} })
		}
		began := time.Now()
		batch = len(s.together(outcome{merchant: 1}))
		took = time.Since(began)
	})
	return batch, took
}

func TestRecord_ALoneOutcome_IsWrittenAtOnce(t *testing.T) {
	if n, took := gathering(t, 1); n != 1 || took != 0 {
		t.Errorf("%d after %s", n, took)
	}
}

func TestRecord_WhatEndsMeanwhile_SharesTheCommit_AndTheLastIsNotWaitedFor(t *testing.T) {
	if n, took := gathering(t, 3, 4*time.Millisecond, 7*time.Millisecond); n != 3 || took != 7*time.Millisecond {
		t.Errorf("%d after %s, want all three as soon as they have ended", n, took)
	}
	if n, took := gathering(t, 4, 4*time.Millisecond, 7*time.Millisecond); n != 3 || took != gather {
		t.Errorf("%d after %s, while one is under way for longer", n, took)
	}
}

func TestRecord_ABatch_IsBounded(t *testing.T) {
	ends := make([]time.Duration, 500)
	if n, _ := gathering(t, 501, ends...); n != recordMost {
		t.Errorf("%d in one statement, at most %d may be", n, recordMost)
	}
}
