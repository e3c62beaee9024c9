package scenario

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What a token can ask an operation to come to, beside ok. The grammar is the mock PG's (docs/mock-pg.md); a test holds
// the two against each other.
//
//	decline[:<code>]                      a refusal; without a code, the operation's usual one
//	late/<duration>                       of a charge: decided and booked only that much later
//	<fault>[/<parameter>][:before|after]  before the booking (if nothing is said) or after it
const (
	declineName = "decline"
	lateName    = "late"
)

// fault is one that the mock can commit.
type faultKind struct {
	name       string
	parameter  func(string) bool // nil: it has none
	written    string            // how the parameter is written, for the docs and the faults
	beforeOnly bool              // it says that nothing was done
	ofMoney    bool              // only where the answer carries money
}

var faultKinds = []faultKind{
	{name: "429", parameter: isDuration(time.Millisecond, 10*time.Minute), written: "Retry-After, such as 3s", beforeOnly: true},
	{name: "4xx", parameter: isStatus(400, 499), written: "status"},
	{name: "5xx", parameter: isStatus(500, 599), written: "status"},
	{name: "already", parameter: isStatus(400, 422), written: "status"},
	{name: "amount", parameter: isDifference, written: "difference, such as -1", ofMoney: true},
	{name: "currency", ofMoney: true},
	{name: "drip", parameter: isDuration(time.Millisecond, 10*time.Minute), written: "duration"},
	{name: "fin"},
	{name: "garbage", parameter: isOneOf("html", "empty", "json", "http"), written: "html, empty, json or http"},
	{name: "half", parameter: isOneOf("close", "hold"), written: "close or hold"},
	{name: "huge", parameter: isSize, written: "size, such as 512KiB"},
	{name: "length", parameter: isOneOf("long", "short", "none"), written: "long, short or none"},
	{name: "redirect", parameter: isOneOf("301", "302", "303", "307", "308"), written: "301, 302, 303, 307 or 308"},
	{name: "reference"},
	{name: "reset"},
	{name: "silent", parameter: isDuration(time.Millisecond, 10*time.Minute), written: "duration"},
}

func outcomeNames() string {
	names := []string{declineName + "[:<code>]", lateName + "/<duration>"}
	for _, f := range faultKinds {
		names = append(names, f.name)
	}
	return strings.Join(names, ", ")
}

// checkOutcome says what is wrong with an outcome of an operation, "" when nothing is.
func checkOutcome(operation, text string) string {
	name, detail, detailed := strings.Cut(text, ":")
	if by, late := strings.CutPrefix(text, lateName+"/"); late {
		switch {
		case operation != charge:
			return "only a charge can be late"
		case !isDuration(1, longestLate)(by):
			return fmt.Sprintf("late must be a duration such as late/4s, at most %s", longestLate)
		}
		return ""
	}
	if name == declineName {
		switch {
		case operation == inquiry:
			return "an inquiry cannot be declined"
		case detailed && !declineCode.MatchString(detail):
			return "the code of a decline is 1 to 40 of a-z, 0-9 and _"
		}
		return ""
	}
	return checkFault(operation, name, detail, detailed)
}

var declineCode = regexp.MustCompile(`^[a-z0-9_]{1,40}$`)

func checkFault(operation, text, when string, said bool) string {
	name, parameter, given := strings.Cut(text, "/")
	at := slices.IndexFunc(faultKinds, func(f faultKind) bool { return f.name == name })
	if at < 0 {
		return fmt.Sprintf("%q is no outcome; there are %s", text, outcomeNames())
	}
	f := &faultKinds[at]
	switch {
	case said && when != "before" && when != "after":
		return fmt.Sprintf("a fault strikes :before or :after the booking, not %q", ":"+when)
	case f.beforeOnly && when == "after":
		return name + " says that nothing was done, so it strikes :before the booking only"
	case f.ofMoney && slices.Contains([]string{release, void, netCancel}, operation):
		return fmt.Sprintf("the answer to %s carries no money that could be wrong", operation)
	case given && f.parameter == nil:
		return name + " takes no parameter"
	case given && !f.parameter(parameter):
		return fmt.Sprintf("%q is no parameter of %s: %s", parameter, name, f.written)
	}
	return ""
}

func isDecline(text string) bool {
	return text == declineName || strings.HasPrefix(text, declineName+":")
}

func isDuration(low, high time.Duration) func(string) bool {
	return func(text string) bool {
		d, err := time.ParseDuration(text)
		return err == nil && d >= low && d <= high
	}
}

func isStatus(low, high int) func(string) bool {
	return func(text string) bool {
		status, err := strconv.Atoi(text)
		return err == nil && status >= low && status <= high && len(text) == 3
	}
}

func isOneOf(choices ...string) func(string) bool {
	return func(text string) bool { return slices.Contains(choices, text) }
}

var differences = regexp.MustCompile(`^[+-]?[1-9][0-9]{0,8}$`)

func isDifference(text string) bool { return differences.MatchString(text) }

var sizes = regexp.MustCompile(`^[1-9][0-9]{0,2}KiB$`)

func isSize(text string) bool { return sizes.MatchString(text) }
