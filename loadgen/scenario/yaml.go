package scenario

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// reader walks a YAML tree and keeps every fault with its line and the path of its field.
type reader struct {
	file   string
	faults []error
	paths  []string                      // of the faults
	seen   func(path string, given bool) // each field that could be there, and whether it is; nil: nobody asks
}

func (r *reader) check(ok bool, at string, n *yaml.Node, format string, args ...any) {
	if ok {
		return
	}
	r.paths = append(r.paths, at)
	r.faults = append(r.faults, fmt.Errorf("%s:%d: %s: %s", r.file, n.Line, at, fmt.Sprintf(format, args...)))
}

// failed says whether a fault of this field has been told already.
func (r *reader) failed(field string) bool {
	for _, p := range r.paths {
		if strings.HasPrefix(p, field) {
			return true
		}
	}
	return false
}

// fields are the fields of a mapping, and what reads each.
type fields map[string]func(at string, n *yaml.Node)

// fields reads a mapping: each field is known, and is there once.
func (r *reader) fields(at string, n *yaml.Node, known fields) {
	if n.Kind != yaml.MappingNode {
		r.check(false, cmp.Or(at, "the scenario"), n, "must be a mapping of fields")
		return
	}
	seen := map[string]bool{}
	defer func() { r.tell(at, known, seen) }()
	for i := 0; i+1 < len(n.Content); i += 2 {
		field := n.Content[i].Value
		path := strings.TrimPrefix(at+"."+field, ".")
		read, ok := known[field]
		switch {
		case !ok:
			r.check(false, path, n.Content[i], "is not a field of a scenario")
		case seen[field]:
			r.check(false, path, n.Content[i], "is there twice")
		default:
			seen[field] = true
			read(path, n.Content[i+1])
		}
	}
}

// tell says which fields a mapping could have, and has.
func (r *reader) tell(at string, known fields, given map[string]bool) {
	if r.seen == nil {
		return
	}
	for field := range known {
		r.seen(strings.TrimPrefix(at+"."+field, "."), given[field])
	}
}

// oneOf tells of fields that exclude each other.
func (r *reader) oneOf(n *yaml.Node, all ...string) {
	var given []string
	for _, field := range all {
		if child(n, field) != nil {
			given = append(given, field)
		}
	}
	if len(given) > 1 {
		r.check(false, given[1], child(n, given[1]), "and %s exclude each other", given[0])
	}
}

func (r *reader) list(at string, n *yaml.Node, most int, each func(at string, n *yaml.Node)) {
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 || len(n.Content) > most {
		r.check(false, at, n, "must be a list of 1 to %d", most)
		return
	}
	for i, item := range n.Content {
		each(fmt.Sprintf("%s[%d]", at, i), item)
	}
}

func (r *reader) text(at string, n *yaml.Node) string {
	r.check(n.Kind == yaml.ScalarNode && n.Value != "", at, n, "must be a text")
	return n.Value
}

var plainName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)

// name is used in order ids, folder names and phases.
func (r *reader) name(at string, n *yaml.Node) string {
	r.check(plainName.MatchString(n.Value), at, n, "must be 1 to 32 of a-z, 0-9 and -, not %q", n.Value)
	return n.Value
}

var currencyCode = regexp.MustCompile(`^[A-Z]{3}$`)

func (r *reader) currency(at string, n *yaml.Node) string {
	r.check(currencyCode.MatchString(n.Value), at, n, "must be an ISO 4217 code such as KRW, not %q", n.Value)
	return n.Value
}

func (r *reader) whole(at string, n *yaml.Node, low, high int64) int64 {
	value, err := strconv.ParseInt(strings.ReplaceAll(n.Value, "_", ""), 10, 64)
	ok := err == nil && value >= low && value <= high
	r.check(ok, at, n, "must be a whole number from %d to %d, not %q", low, high, n.Value)
	if !ok {
		return low
	}
	return value
}

func (r *reader) number(at string, n *yaml.Node, low, high float64) float64 {
	value, err := strconv.ParseFloat(n.Value, 64)
	ok := err == nil && !math.IsNaN(value) && value >= low && value <= high
	r.check(ok, at, n, "must be a number from %g to %g, not %q", low, high, n.Value)
	if !ok {
		return low
	}
	return value
}

// share reads 3% as 0.03. A bare 3 is a fault: it may mean 3 % or 300 %.
func (r *reader) share(at string, n *yaml.Node) float64 {
	text, percent := strings.CutSuffix(n.Value, "%")
	value, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	ok := percent && err == nil && value >= 0 && value <= 100
	r.check(ok, at, n, "must be a share from 0%% to 100%%, not %q", n.Value)
	if !ok {
		return 0
	}
	return value / 100
}

func (r *reader) duration(at string, n *yaml.Node, low, high time.Duration) time.Duration {
	value, err := time.ParseDuration(n.Value)
	ok := err == nil && value >= low && value <= high
	r.check(ok, at, n, "must be a duration such as 250ms or 3m, from %s to %s, not %q", low, high, n.Value)
	if !ok {
		return max(low, time.Millisecond)
	}
	return value
}

// delay checks a delay of the token's grammar. The mock would refuse a bad one too, but 54,000 payments later.
func (r *reader) delay(at string, n *yaml.Node) string {
	_, err := parseDelay(n.Value)
	r.check(err == nil, at, n, "%v", err)
	return n.Value
}

// child is the value of a mapping's field, nil when it is not there.
func child(n *yaml.Node, field string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == field {
			return n.Content[i+1]
		}
	}
	return nil
}
