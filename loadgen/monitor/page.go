package monitor

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// point is one line of a metrics page: a name, labels and a value.
type point struct {
	labels string // as they stand between the braces
	value  float64
}

// label is the value of one label, or "". Labels that are asked for have plain values: no quote stands escaped in them.
func (p point) label(name string) string {
	for rest := p.labels; ; {
		at := strings.Index(rest, name+`="`)
		if at < 0 {
			return ""
		}
		before := rest[:at]
		rest = rest[at+len(name)+2:]
		if before == "" || strings.HasSuffix(before, ",") || strings.HasSuffix(before, ", ") {
			value, _, _ := strings.Cut(rest, `"`)
			return value
		}
	}
}

// page is what was wanted of a /metrics page, by name.
type page map[string][]point

// mostPoints bounds the points that are kept of one page.
const mostPoints = 20_000

// decodePage reads the text format of Prometheus (prometheus.io/docs/instrumenting/exposition_formats) and keeps the names
// that are wanted. It is not a whole reader of that format: this one is asked every second beside what is measured, so it
// copies nothing of the lines that nobody wants.
func decodePage(text string, wanted map[string]bool) (page, error) {
	found, points := page{}, 0
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		end := strings.IndexAny(line, "{ \t")
		if end <= 0 {
			return nil, fmt.Errorf("no value in the line %.80q of the metrics page", line)
		}
		if !wanted[line[:end]] {
			continue
		}
		p, err := decodePoint(line[end:])
		if err != nil {
			return nil, fmt.Errorf("%s on the metrics page: %w", line[:end], err)
		}
		if points++; points > mostPoints {
			return nil, fmt.Errorf("the metrics page has over %d wanted lines", mostPoints)
		}
		found[line[:end]] = append(found[line[:end]], p)
	}
	return found, nil
}

// decodePoint reads what follows the name: {labels} value [timestamp].
func decodePoint(rest string) (p point, err error) {
	if rest[0] == '{' {
		end := closing(rest)
		if end < 0 {
			return p, errors.New("its labels do not end")
		}
		p.labels, rest = rest[1:end], rest[end+1:]
	}
	fields := strings.Fields(rest)
	if len(fields) == 0 || len(fields) > 2 {
		return p, fmt.Errorf("no value in %.40q", rest)
	}
	if p.value, err = strconv.ParseFloat(fields[0], 64); err != nil {
		return p, fmt.Errorf("unreadable value %.40q", fields[0])
	}
	return p, nil
}

// closing is where the labels' brace closes: a brace within quotes does not, nor does an escaped quote end them.
func closing(text string) int {
	quoted := false
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			if quoted {
				i++
			}
		case '"':
			quoted = !quoted
		case '}':
			if !quoted {
				return i
			}
		}
	}
	return -1
}

// sum adds the points of the first of the names that the page has, those alone that keep lets through.
func (p page) sum(keep func(point) bool, names ...string) (total float64, found bool) {
	for _, name := range names {
		for _, point := range p[name] {
			if keep == nil || keep(point) {
				total, found = total+point.value, true
			}
		}
		if found {
			return total, true
		}
	}
	return 0, false
}

// count is how many points of a name keep lets through.
func (p page) count(name string, keep func(point) bool) (n float64, found bool) {
	for _, point := range p[name] {
		if keep(point) {
			n++
		}
	}
	return n, len(p[name]) > 0
}
