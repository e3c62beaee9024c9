package compare

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/HdrHistogram/hdrhistogram-go"

	"gazua.example/loadgen/record"
)

// Metric is one figure of a run, a number above 0.
type Metric struct {
	Name         string
	Unit         string
	HigherBetter bool
	of           func(r *opened) (value float64, ok bool, err error)
}

// Defaults are the metrics that are compared unless others are named.
var Defaults = []string{
	"sync.mean", "sync.p50", "sync.p99", "sync.p99.9", "completion.p99", "own.p99", "rate", "cpu_per_payment",
}

// figuresOfResult are the metrics that are no point of a distribution.
var figuresOfResult = []Metric{
	{"rate", "1/s", true, func(r *opened) (float64, bool, error) { return r.Result.Rate, r.Result.Rate > 0, nil }},
	{"cpu_per_payment", "µs", false, func(r *opened) (float64, bool, error) { // of the system
		if r.Result.Efficiency == nil {
			return 0, false, nil
		}
		return r.Result.Efficiency.PerPayment, r.Result.Efficiency.PerPayment > 0, nil
	}},
	{"generator_cpu_per_request", "µs", false, func(r *opened) (float64, bool, error) {
		return r.Result.Generator.CPUPerCall, r.Result.Generator.CPUPerCall > 0, nil
	}},
}

// ParseMetric reads a name: one of the figures, or <distribution>.<point>, where the point is mean, max or a percentile
// such as p95 or p99.99.
func ParseMetric(name string) (Metric, error) {
	for _, m := range figuresOfResult {
		if m.Name == name {
			return m, nil
		}
	}
	distribution, point, ok := strings.Cut(name, ".")
	if ok && slices.Contains(record.Distributions, distribution) {
		if value := valueAt(point); value != nil {
			return Metric{name, "ms", false, func(r *opened) (float64, bool, error) {
				h, err := r.distribution(distribution)
				if err != nil || h.TotalCount() == 0 {
					return 0, false, err
				}
				return value(h) / 1e6, true, nil
			}}, nil
		}
	}
	return Metric{}, fmt.Errorf("%q is no metric: rate, cpu_per_payment, generator_cpu_per_request, or one of %s with .mean, .max or a percentile such as .p99.9",
		name, strings.Join(record.Distributions, ", "))
}

// valueAt is the point of a distribution, in ns; nil: there is no such point.
func valueAt(point string) func(*hdrhistogram.Histogram) float64 {
	switch point {
	case "mean":
		return (*hdrhistogram.Histogram).Mean
	case "max":
		return func(h *hdrhistogram.Histogram) float64 { return float64(h.Max()) }
	}
	digits, ok := strings.CutPrefix(point, "p")
	percentile, err := strconv.ParseFloat(digits, 64)
	if !ok || err != nil || !(percentile > 0 && percentile <= 100) {
		return nil
	}
	return func(h *hdrhistogram.Histogram) float64 { return float64(h.ValueAtQuantile(percentile)) }
}

// opened is a run whose histograms are read once.
type opened struct {
	Run
	histograms map[string]*hdrhistogram.Histogram
}

func (r *opened) distribution(name string) (*hdrhistogram.Histogram, error) {
	if h := r.histograms[name]; h != nil {
		return h, nil
	}
	h, err := record.Whole(r.Folder, name)
	if err != nil {
		return nil, err
	}
	if r.histograms == nil {
		r.histograms = map[string]*hdrhistogram.Histogram{}
	}
	r.histograms[name] = h
	return h, nil
}
