package pgsim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gazua.example/mock-pg/pgsim/script"
)

// The document of PUT /faults:
//
//	{"entries": [
//	  {"after": "10s", "for": "5s", "script": "gz1;charge=5xx/503"},
//	  {"after": "12s", "for": "1s", "script": "gz1;charge=silent:after", "override": true, "means": "PG", "share": 0.1}
//	]}
//
// after and for are counted from the moment the document is taken. All faults of a document are told at once, each with
// the entry and the member it is in.

// timedEntry is one fault of a schedule.
type timedEntry struct {
	after, lasts time.Duration
	text         string
	script       *script.Script
	override     bool    // it goes before the token's own script
	means        string  // empty: all of them
	share        float64 // of the requests that it could strike
}

// Bounds of a document.
const (
	maxTimedBody    = 64 << 10
	maxTimedEntries = 64
	maxTimedScript  = 1024
	longestTimed    = 24 * time.Hour
)

func parseTimed(document []byte) ([]timedEntry, error) {
	var outer map[string]json.RawMessage
	var raw []json.RawMessage
	if err := json.Unmarshal(document, &outer); err != nil {
		return nil, fmt.Errorf("the document is not the JSON object it should be: %w", err)
	}
	for name := range outer {
		if name != "entries" {
			return nil, fmt.Errorf("%q: a document has entries, and nothing else", name)
		}
	}
	if err := json.Unmarshal(outer["entries"], &raw); err != nil || len(raw) == 0 || len(raw) > maxTimedEntries {
		return nil, fmt.Errorf("entries must be a list of 1 to %d objects; DELETE /faults ends all", maxTimedEntries)
	}
	entries, faults := make([]timedEntry, len(raw)), []error(nil)
	for i := range raw {
		for _, fault := range entries[i].read(raw[i]) {
			faults = append(faults, fmt.Errorf("entries[%d]%w", i, fault))
		}
	}
	return entries, errors.Join(faults...)
}

// read fills the entry in, and tells every fault with the member that it is in.
func (e *timedEntry) read(raw json.RawMessage) (faults []error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil || members == nil {
		return []error{errors.New(": must be an object")}
	}
	member := func(name string, required bool, read func(json.RawMessage) error) {
		value, given := members[name]
		delete(members, name)
		if !given && !required {
			return
		}
		if err := read(value); err != nil {
			faults = append(faults, fmt.Errorf(".%s: %w", name, err))
		}
	}
	e.share = 1
	member("after", true, timeWithin(&e.after, 0))
	member("for", true, timeWithin(&e.lasts, time.Millisecond))
	member("script", true, e.readScript)
	member("override", false, func(v json.RawMessage) error { return oneOf(v, &e.override, "must be true or false") })
	member("means", false, e.readMeans)
	member("share", false, e.readShare)
	for name := range members {
		faults = append(faults, fmt.Errorf(".%.40s: there is no such member; there are after, for, script, override, means, share", name))
	}
	slices.SortFunc(faults, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return faults
}

// oneOf reads a value of a type; null is none.
func oneOf[T any](raw json.RawMessage, to *T, otherwise string) error {
	if json.Unmarshal(raw, to) != nil || bytes.Equal(raw, []byte("null")) {
		return errors.New(otherwise)
	}
	return nil
}

func timeWithin(to *time.Duration, least time.Duration) func(json.RawMessage) error {
	return func(raw json.RawMessage) error {
		otherwise := fmt.Sprintf("must be a duration such as \"10s\", from %s to %s", least, longestTimed)
		var text string
		if err := oneOf(raw, &text, otherwise); err != nil {
			return err
		}
		d, err := time.ParseDuration(text)
		if err != nil || d < least || d > longestTimed {
			return errors.New(otherwise)
		}
		*to = d
		return nil
	}
}

func (e *timedEntry) readScript(raw json.RawMessage) error {
	if err := oneOf(raw, &e.text, "must be a script such as \"gz1;charge=5xx/503\""); err != nil {
		return err
	}
	if len(e.text) > maxTimedScript {
		return fmt.Errorf("%d bytes, at most %d", len(e.text), maxTimedScript)
	}
	parsed, _, seeded, err := script.Parse(e.text)
	switch {
	case err != nil:
		return err
	case parsed == nil:
		return fmt.Errorf("%.40q does not start with gz1", e.text)
	case seeded || script.SourceOf(e.text) != "":
		return errors.New("a seed and a source belong to the tokens of payments; delays are drawn from those")
	}
	e.script = parsed
	return nil
}

func (e *timedEntry) readMeans(raw json.RawMessage) error {
	otherwise := "must be one of " + strings.Join(meansNames[:], ", ")
	if err := oneOf(raw, &e.means, otherwise); err != nil {
		return err
	}
	if !slices.Contains(meansNames[:], e.means) {
		return errors.New(otherwise)
	}
	return nil
}

func (e *timedEntry) readShare(raw json.RawMessage) error {
	const otherwise = "must be a number above 0, at most 1"
	if err := oneOf(raw, &e.share, otherwise); err != nil {
		return err
	}
	if e.share <= 0 || e.share > 1 {
		return errors.New(otherwise)
	}
	return nil
}
