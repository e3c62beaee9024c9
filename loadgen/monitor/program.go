package monitor

import (
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"time"
)

// program reads the /metrics page of one Go program, one process of it: a program that was started again is another.
type program struct {
	name   string
	url    string
	client *http.Client
	counters
	pauses map[string]float64 // of the garbage collector, by upper bound of the bucket
}

// pageBound is how much of a page is read; one has some ten kilobytes.
const pageBound = 4 << 20

func (p *program) read(ctx context.Context) (Values, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url, nil)
	if err != nil {
		return nil, fmt.Errorf("ask %s for its metrics: %w", p.name, err)
	}
	answer, err := p.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask %s for its metrics: %w", p.name, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, pageBound))
	if err != nil {
		return nil, fmt.Errorf("read the metrics of %s: %w", p.name, err)
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask %s for its metrics: it answers %s", p.name, answer.Status)
	}
	now := time.Now()
	page, err := decodePage(string(text), wanted)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.name, err)
	}
	v := Values{}
	for _, g := range gauges {
		if value, ok := page.sum(g.keep, g.names...); ok {
			v.put(p.name, g.metric, value)
		}
	}
	for _, r := range rates {
		if value, ok := page.sum(nil, r.names...); ok {
			if rate, ok := p.rate(r.metric, value, now); ok {
				v.put(p.name, r.metric, rate)
			}
		}
	}
	for _, m := range means {
		for _, name := range m.names {
			sum, ok := page.sum(nil, name+"_sum")
			count, ok2 := page.sum(nil, name+"_count")
			if !ok || !ok2 {
				continue
			}
			if mean, ok := p.mean(name, sum, count, now); ok {
				v.put(p.name, m.metric, mean)
			}
			break
		}
	}
	seconds, ok := page.sum(nil, waited.seconds)
	times, ok2 := page.sum(nil, waited.times)
	if mean, ok3 := p.mean(waited.metric, seconds, times, now); ok && ok2 && ok3 {
		v.put(p.name, waited.metric, mean)
	}
	p.breakers(page, v)
	p.longestPause(page, v)
	return v, nil
}

// breakers counts the means whose breaker is open (state 2) or half-open (1).
func (p *program) breakers(page page, v Values) {
	for state, metric := range map[float64]string{1: "breaker_half_open", 2: "breaker_open"} {
		if n, ok := page.count(breakerName, func(b point) bool { return b.value == state }); ok {
			v.put(p.name, metric, n)
		}
	}
}

// longestPause is the upper bound of the highest bucket that gained a pause of the garbage collector since the last look.
func (p *program) longestPause(page page, v Values) {
	now, longest := map[string]float64{}, 0.0
	for _, name := range pauseBuckets {
		for _, bucket := range page[name] {
			now[bucket.label("le")] += bucket.value
		}
		if len(now) > 0 {
			break
		}
	}
	before := p.pauses
	p.pauses = now
	if before == nil || len(now) == 0 {
		return
	}
	// Buckets count everything up to their bound: above the longest pause each gained as much as the last, +Inf.
	all := now["+Inf"] - before["+Inf"]
	if all < 0 {
		return
	}
	longest = math.Inf(1)
	highest := 0.0
	for le, count := range now {
		bound, err := strconv.ParseFloat(le, 64)
		if err != nil || math.IsInf(bound, 1) {
			continue
		}
		highest = max(highest, bound)
		if count-before[le] >= all {
			longest = min(longest, bound)
		}
	}
	switch {
	case all == 0:
		longest = 0
	case math.IsInf(longest, 1):
		longest = highest // it is longer than that, by how much nobody counted
	}
	v.put(p.name, "gc_pause_max_s", longest)
}
