package drill

import (
	"context"
	"fmt"
	"strings"

	"gazua.example/infra/stack/proc"
)

// sum adds up the series of these processes' /metrics whose lines begin with a name and hold these texts. What does not
// answer, or has no such series yet, adds nothing.
func (s *site) sum(ctx context.Context, names []string, series string, texts ...string) (total float64) {
	for _, name := range names {
		r, err := proc.Load(s.variables["RUN_DIR"], name)
		if err != nil {
			continue
		}
		if _, page, err := ask(ctx, "http://"+r.Admin+"/metrics"); err == nil {
			total += sumOf(page, series, texts...)
		}
	}
	return total
}

func sumOf(page, series string, texts ...string) (total float64) {
	for line := range strings.Lines(page) {
		at := strings.LastIndexByte(line, ' ')
		if at < 0 || !strings.HasPrefix(line, series) || !holds(line, texts) {
			continue
		}
		var value float64
		if _, err := fmt.Sscan(line[at+1:], &value); err == nil {
			total += value
		}
	}
	return total
}

func holds(line string, texts []string) bool {
	for _, text := range texts {
		if !strings.Contains(line, text) {
			return false
		}
	}
	return true
}

// counter is a sum that only rises, as long as none of its processes starts anew.
type counter struct {
	*site
	names  []string
	series string
	texts  []string
	was    float64
}

func (s *site) counter(names []string, series string, texts ...string) *counter {
	return &counter{site: s, names: names, series: series, texts: texts}
}

// Note remembers how high it is.
func (c *counter) Note(ctx context.Context) error {
	c.was = c.sum(ctx, c.names, c.series, c.texts...)
	return nil
}

// Risen passes when it is higher than when it was noted.
func (c *counter) Risen(ctx context.Context) error {
	if is := c.sum(ctx, c.names, c.series, c.texts...); is <= c.was {
		return fmt.Errorf("%s with %q is still %g", c.series, c.texts, is)
	}
	return nil
}
