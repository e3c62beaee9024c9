// Package script reads the wishes that ride in a payment-method token: which result each operation shall have, and after
// which delay. The measured program forwards the token as it is and knows nothing of it.
//
//	gz1;seed=42;charge=silent:after@lognormal/50ms/0.5;inquiry=ok@fixed/5ms
//	gz1;charge=decline:insufficient_funds,ok
//	gz1;charge=late/4s;net-cancel=ok@fixed/20ms
//	gz1;charge=5xx/503:after;inquiry=429/3s,ok;refund=drip/2s:after,ok
//	gz1.member-7;seed=42;charge=ok@fixed/50ms
//
// Segments are joined by `;`. The first is `gz1`, or `gz1.<source>`, which names the wallet or card account that the token
// stands for (source.go); a token that does not start so has no script. `seed=` is the number
// that the delays are drawn from. Every other segment is `<op>=<step>[,<step>…]`: the n-th request of the operation for a
// reference uses step n, and the last step repeats; refunds are counted for each refund's own reference. A step is
// `<outcome>[@<delay>]`, and an outcome is one of
//
//	ok                                    the honest answer
//	decline[:<code>]                      a refusal
//	<fault>[/<parameter>][:before|after]  what package fault has, before or after the booking; before, if it is not said
//	late/<duration>                       of a charge: the request is on its way for that long, only then is it decided and booked
package script

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"gazua.example/mock-pg/fault"
)

// Op is an operation of a payment means.
type Op uint8

// The operations, in the order of a payment's life. Delays are drawn from these numbers: a new one goes to the end.
const (
	Charge Op = iota
	Reserve
	Confirm
	Release
	Void
	NetCancel
	Inquiry
	Refund
	Ops int = iota
)

var opNames = [Ops]string{"charge", "reserve", "confirm", "release", "void", "net-cancel", "inquiry", "refund"}

func (o Op) String() string { return opNames[o] }

// OpByName finds an operation by its name in tokens, paths and the book.
func OpByName(name string) (Op, bool) {
	for i, n := range opNames {
		if n == name {
			return Op(i), true
		}
	}
	return 0, false
}

// Step is what happens to one request. The zero Step is an honest answer at once.
type Step struct {
	Decline string        // not empty: refuse with this code
	Fault   fault.Fault   // not nil: the client sees this instead of the answer
	Name    string        // of the fault, for the statistics
	After   bool          // the fault strikes after the booking
	Late    time.Duration // how long the request is still on its way, 0: it is here
	Delay   Delay         // of the answer
}

// Decided tells the steps whose request is decided and booked when it is read: all but those that are late, and those
// whose fault strikes before.
func (s Step) Decided() bool { return s.Late == 0 && (s.Fault == nil || s.After) }

// LateName is how a token, the statistics and the log name a request that is late.
const LateName = "late"

// Script is a parsed token without its seed. It is shared by all requests that carry the same wishes: never changed.
type Script struct {
	steps [Ops][]Step
}

// Step returns what the n-th request (from 1) of op wants; false when the script does not speak of op.
func (s *Script) Step(op Op, n int) (Step, bool) {
	if s == nil || len(s.steps[op]) == 0 {
		return Step{}, false
	}
	steps := s.steps[op]
	return steps[min(n, len(steps))-1], true
}

const (
	version    = "gz1"
	maxSteps   = 16
	maxCodeLen = 40
)

// Parse reads a whole token. A token without a script gives a nil Script and no error; a faulty script is an error that
// names the segment, for whoever wrote the scenario. The source that its head may name is checked, and left to SourceOf.
func Parse(token string) (s *Script, seed uint64, seeded bool, err error) {
	first, rest, more := strings.Cut(token, ";")
	if !isHead(first) {
		return nil, 0, false, nil
	}
	if err := checkHead(first); err != nil {
		return nil, 0, false, err
	}
	s = &Script{}
	for more {
		var segment string
		segment, rest, more = strings.Cut(rest, ";")
		name, value, _ := strings.Cut(segment, "=")
		if name == "seed" {
			if seeded {
				return nil, 0, false, fmt.Errorf("token: a second seed %q", segment)
			}
			if seed, err = strconv.ParseUint(value, 10, 64); err != nil {
				return nil, 0, false, fmt.Errorf("token: %q: the seed must be a whole number below 2^64", segment)
			}
			seeded = true
			continue
		}
		if err := s.add(name, value); err != nil {
			return nil, 0, false, fmt.Errorf("token: %q: %w", segment, err)
		}
	}
	return s, seed, seeded, nil
}

func (s *Script) add(name, value string) error {
	op, ok := OpByName(name)
	if !ok {
		return fmt.Errorf("no operation %q; there are %s and seed", name, strings.Join(opNames[:], ", "))
	}
	if s.steps[op] != nil {
		return fmt.Errorf("a second script for %s", op)
	}
	texts := strings.Split(value, ",")
	if len(texts) > maxSteps {
		return fmt.Errorf("%d steps, at most %d", len(texts), maxSteps)
	}
	for _, text := range texts {
		step, err := parseStep(op, text)
		if err != nil {
			return err
		}
		s.steps[op] = append(s.steps[op], step)
	}
	return nil
}
