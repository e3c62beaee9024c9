package verify

import (
	"testing"

	"gazua.example/loadgen/record"
)

func TestAsked_AnswersToOneKey_AreJudged(t *testing.T) {
	const mark = true
	ok := func(kind string, sent, done int64, hash string, marked bool) record.Entry {
		return record.Entry{Kind: kind, What: record.Replay, Sent: sent, Done: done, Status: 201, Hash: hash, Replayed: marked}
	}
	no := func(what string, sent int64, status int, problem string) record.Entry {
		return record.Entry{Kind: "x", What: what, Sent: sent, Done: sent + 1, Status: status, Problem: problem}
	}
	for _, c := range []struct {
		name       string
		answers    []record.Entry
		differs    bool
		refusesAll bool
	}{
		{"a replay beside the first attempt, not marked", []record.Entry{ok("a", 1, 9, "aa", false), ok("x", 2, 8, "aa", false)}, false, false},
		{"a replay that was first, then the attempt", []record.Entry{ok("x", 2, 8, "aa", false), ok("a", 1, 9, "aa", mark)}, false, false},
		{"a replay after the answer, not marked", []record.Entry{ok("a", 1, 9, "aa", false), ok("x", 10, 11, "aa", false)}, true, false},
		{"a replay after the answer, marked", []record.Entry{ok("a", 1, 9, "aa", false), ok("x", 10, 11, "aa", mark)}, false, false},
		{"a replay while it is in progress", []record.Entry{no(record.Replay, 2, 409, "request-in-progress"), ok("a", 1, 9, "aa", false)}, false, false},
		{"a replay in progress after the answer", []record.Entry{ok("a", 1, 9, "aa", false), no(record.Replay, 10, 409, "request-in-progress")}, false, false},
		{"a replay is limited", []record.Entry{ok("a", 1, 9, "aa", false), no(record.Replay, 10, 429, "too-many-requests")}, false, false},
		{"a replay after the answer is refused", []record.Entry{ok("a", 1, 9, "aa", false), no(record.Replay, 10, 404, "not-found")}, true, false},
		{"a replay is another answer", []record.Entry{ok("a", 1, 9, "aa", false), ok("x", 10, 11, "ab", mark)}, true, false},
		{"an answer without a hash", []record.Entry{ok("a", 1, 9, "aa", false), ok("x", 10, 11, "", mark)}, true, false},
		{"reuse after the answer", []record.Entry{ok("a", 1, 9, "aa", false), no(record.Reuse, 10, 422, "idempotency-key-reused")}, false, false},
		{"reuse after the answer, refused for another reason", []record.Entry{ok("a", 1, 9, "aa", false), no(record.Reuse, 10, 422, "invalid-request")}, true, false},
		{"reuse after the answer, refused with another status", []record.Entry{ok("a", 1, 9, "aa", false), no(record.Reuse, 10, 409, "idempotency-key-reused")}, true, false},
		{"reuse is limited", []record.Entry{ok("a", 1, 9, "aa", false), no(record.Reuse, 10, 429, "too-many-requests")}, false, false},
		{"reuse comes to nothing", []record.Entry{ok("a", 1, 9, "aa", false), no(record.Reuse, 10, 503, "unavailable")}, false, false},
		{"reuse is let in, too", []record.Entry{ok("a", 1, 9, "aa", false), no(record.Reuse, 10, 201, "")}, true, false},
		{"reuse was first", []record.Entry{no(record.Reuse, 1, 201, ""), no("a", 3, 422, "idempotency-key-reused")}, false, false},
		{"reuse was first, and both are let in", []record.Entry{no(record.Reuse, 1, 201, ""), ok("a", 5, 6, "aa", false)}, true, false},
		{"all refused", []record.Entry{no("a", 1, 400, "invalid-request"), no("a", 2, 429, "")}, false, true},
		{"refused, but for an earlier attempt", []record.Entry{no("a", 1, 409, "request-in-progress"), no("a", 2, 400, "")}, false, false},
		{"refused, but one was never answered", []record.Entry{{Kind: "a", Class: "timeout"}, no("a", 2, 400, "")}, false, false},
		{"refused, but one failed", []record.Entry{no("a", 1, 503, ""), no("a", 2, 400, "")}, false, false},
		{"refused, and another request with the key", []record.Entry{no("a", 1, 400, ""), no(record.Reuse, 2, 201, "")}, false, false},
		{"nothing was sent", nil, false, false},
	} {
		var a Asked
		for i := range c.answers {
			e := &c.answers[i]
			switch e.What {
			case "a":
				e.Kind = "a"
				a.again(e)
			case record.Reuse:
				a.otherRequest(e)
			default:
				a.again(e)
			}
		}
		if (a.difference != "") != c.differs {
			t.Errorf("%s: %q", c.name, a.difference)
		}
		if a.createdNothing() != c.refusesAll {
			t.Errorf("%s: created nothing: %v", c.name, a.createdNothing())
		}
	}
}

func TestSeen_AnswersAboutOnePayment_AreFolded(t *testing.T) {
	post := func(state string) record.Entry { return record.Entry{Kind: "a", ID: "7", State: state} }
	look := func(state string) record.Entry { return record.Entry{Kind: "g", ID: "7", State: state} }
	for _, c := range []struct {
		name     string
		answers  []record.Entry
		contrary bool
		final    string
		given    given
	}{
		{"paid and given back step by step", []record.Entry{post("PAID"), look("PAID"), look("PARTIALLY_CANCELED"), look("CANCELED")}, false, "PAID", all},
		{"a replay of the stored answer after that", []record.Entry{post("PAID"), look("CANCELED"), post("PAID")}, false, "PAID", all},
		{"a replay of the stored 202 after the end", []record.Entry{post("ACCEPTED"), look("PAID"), post("ACCEPTED")}, false, "PAID", nothing},
		{"a look that goes back", []record.Entry{look("CANCELED"), look("PARTIALLY_CANCELED")}, true, "PAID", all},
		{"a look that is not final any more", []record.Entry{look("PAID"), look("PROCESSING")}, true, "PAID", nothing},
		{"two ends", []record.Entry{post("PAID"), post("FAILED")}, true, "PAID", nothing},
		{"canceled after it failed", []record.Entry{post("FAILED"), look("CANCELED")}, true, "FAILED", all},
		{"another id", []record.Entry{post("PAID"), {Kind: "g", ID: "8", State: "PAID"}}, true, "PAID", nothing},
		{"no id", []record.Entry{{Kind: "a", State: "PAID"}}, true, "PAID", nothing},
	} {
		var s Seen
		for i := range c.answers {
			if e := &c.answers[i]; e.Kind == "a" {
				s.answered(e)
			} else {
				s.looked(e)
			}
		}
		if (s.Contrary != "") != c.contrary || s.Final != c.final || s.Given != c.given {
			t.Errorf("%s: %q, final %q, given back %d", c.name, s.Contrary, s.Final, s.Given)
		}
	}
}

func TestSeenCancel_AnswersAboutOneCancellation_AreFolded(t *testing.T) {
	answer := func(kind, id string, seq int, state string) record.Entry {
		return record.Entry{Kind: kind, ID: id, Seq: seq, State: state}
	}
	for _, c := range []struct {
		name     string
		answers  []record.Entry
		contrary bool
		final    string
	}{
		{"on its way, then done", []record.Entry{answer("c", "7", 1, "PROCESSING"), answer("cg", "7", 1, "PROCESSING"), answer("cg", "7", 1, "SUCCEEDED")}, false, "SUCCEEDED"},
		{"the stored 202 again after its end", []record.Entry{answer("c", "7", 1, "PROCESSING"), answer("cg", "7", 1, "FAILED"), answer("c", "7", 1, "PROCESSING")}, false, "FAILED"},
		{"the end again", []record.Entry{answer("c", "7", 1, "SUCCEEDED"), answer("cg", "7", 1, "SUCCEEDED")}, false, "SUCCEEDED"},
		{"another payment", []record.Entry{answer("c", "8", 1, "SUCCEEDED")}, true, "SUCCEEDED"},
		{"no payment", []record.Entry{answer("c", "", 1, "SUCCEEDED")}, true, "SUCCEEDED"},
		{"no number", []record.Entry{answer("c", "7", 0, "SUCCEEDED")}, true, "SUCCEEDED"},
		{"two numbers", []record.Entry{answer("c", "7", 1, "PROCESSING"), answer("cg", "7", 2, "SUCCEEDED")}, true, "SUCCEEDED"},
		{"not final any more", []record.Entry{answer("cg", "7", 1, "SUCCEEDED"), answer("cg", "7", 1, "PROCESSING")}, true, "SUCCEEDED"},
		{"two ends", []record.Entry{answer("c", "7", 1, "SUCCEEDED"), answer("c", "7", 1, "FAILED")}, true, "SUCCEEDED"},
	} {
		var of SeenCancel
		for i := range c.answers {
			of.told(&c.answers[i], 7)
		}
		if (of.Contrary != "") != c.contrary || of.Final != c.final {
			t.Errorf("%s: %q, final %q", c.name, of.Contrary, of.Final)
		}
	}
}

func TestParseReference(t *testing.T) {
	for reference, want := range map[string]Name{
		"123.3": {123, 3, 0}, "123.3.1": {123, 3, 1}, "18446744073709551614.255.4294967295": {18446744073709551614, 255, 4294967295},
		"": {}, "123": {}, "123.": {}, ".1": {}, "a.1": {}, "1.256": {}, "1.1.0": {}, "1.1.x": {}, "1.1.1.1": {}, "-1.1": {}, "18446744073709551615.1": {},
	} {
		got, ok := ParseReference(reference)
		if got != want || ok != (want != Name{}) {
			t.Errorf("%q: %+v, %v", reference, got, ok)
		}
	}
}
