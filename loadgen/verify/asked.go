package verify

import (
	"fmt"
	"strconv"

	"gazua.example/loadgen/record"
)

// Asked is what came of all requests with one idempotency key, whether the merchant repeated them or a probe did.
type Asked struct {
	Key      Hash
	Requests uint32 // with this key
	Refused  uint32 // of them, answered with a definite 4xx
	Answers  uint32 // of them, answered with a 2xx
	Promised bool   // one of them was a 202

	reused   bool   // another request with this key was answered with a 2xx
	probes   uint32 // answers to probes that were judged
	status   int    // of the first 2xx
	body     uint64 // the first 8 bytes of the SHA-256 of its body
	answered int64  // when it was there

	difference string // the first that invariant 9 has against the answers
}

// again folds in the answer to the request itself.
func (a *Asked) again(e *record.Entry) (answered bool) {
	a.count(e)
	if !accepted(e) {
		if e.Kind == "x" && definite(e) && e.Status != 429 && a.answeredBefore(e) {
			a.probes++
			a.differs("the request was answered, and a replay of it with %d %s", e.Status, e.Problem)
		}
		return false
	}
	before, body := a.answeredBefore(e), bodyHash(e.Hash)
	a.Answers++
	a.Promised = a.Promised || e.Status == 202
	if e.Kind == "x" {
		a.probes++
		if before && !e.Replayed {
			a.differs("a replay of an answered request was answered with %d and not marked as a replay", e.Status)
		}
	}
	switch {
	case a.reused:
		a.differs("the key was answered with a 2xx for two different requests")
	case a.Answers == 1:
		a.status, a.body, a.answered = e.Status, body, e.Done
	case e.Status != a.status || body != a.body:
		a.differs("one request, two answers: %d with body %016x, then %d with body %016x", a.status, a.body, e.Status, body)
	}
	return true
}

// otherRequest folds in the answer to another request with the same key: 422, once the first has been answered.
func (a *Asked) otherRequest(e *record.Entry) {
	a.count(e)
	if accepted(e) {
		a.probes++
		a.reused = true
		if a.Answers > 0 {
			a.differs("another request with the same key was answered with %d", e.Status)
		}
		return
	}
	if !a.answeredBefore(e) || e.Class != "" || e.Status >= 500 || e.Status == 429 {
		return // the first may not have been there yet, or this one came to nothing
	}
	a.probes++
	if e.Status != 422 || e.Problem != "idempotency-key-reused" {
		a.differs("another request with the same key was answered with %d %s, not with 422 idempotency-key-reused", e.Status, e.Problem)
	}
}

// createdNothing says that every request with this key was answered, and each answer means that nothing was made of it.
func (a *Asked) createdNothing() bool { return a.Requests > 0 && a.Refused == a.Requests }

func (a *Asked) count(e *record.Entry) {
	a.Requests++
	if definite(e) {
		a.Refused++
	}
}

// answeredBefore says that the first 2xx was there before this request went out.
func (a *Asked) answeredBefore(e *record.Entry) bool { return a.Answers > 0 && a.answered <= e.Sent }

func (a *Asked) differs(format string, args ...any) {
	if a.difference == "" {
		a.difference = fmt.Sprintf(format, args...)
	}
}

// bodyHash reads a hash as the journal and the database write it; 0 for what is none.
func bodyHash(text string) uint64 {
	hash, _ := strconv.ParseUint(text, 16, 64)
	return hash
}

func accepted(e *record.Entry) bool { return e.Class == "" && e.Status >= 200 && e.Status < 300 }

// definite says that the answer is a 4xx that speaks of this very request.
func definite(e *record.Entry) bool {
	return e.Class == "" && e.Status >= 400 && e.Status < 500 && e.Problem != "request-in-progress"
}
