package telemetry

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// Durations is a histogram of seconds whose attributes follow from a key: a small struct of what differs from call to call.
// The attributes of a key are put together once; after that a record allocates nothing and takes no lock.
type Durations[K comparable] struct {
	histogram  metric.Float64Histogram
	attributes func(K) []attribute.KeyValue
	mu         sync.Mutex // of who adds a key
	known      atomic.Pointer[map[K][]metric.RecordOption]
}

// maxKeys bounds the keys that are kept. What an attribute may hold is bounded where it comes from; this is the backstop.
const maxKeys = 1000

// NewDurations makes the histogram. bounds are the upper ends of its buckets, in seconds.
func NewDurations[K comparable](meter metric.Meter, name, description string, bounds []float64, attributes func(K) []attribute.KeyValue) (*Durations[K], error) {
	histogram, err := meter.Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(description), metric.WithExplicitBucketBoundaries(bounds...))
	if err != nil {
		return nil, fmt.Errorf("make the metric %s: %w", name, err)
	}
	d := &Durations[K]{histogram: histogram, attributes: attributes}
	d.known.Store(&map[K][]metric.RecordOption{})
	return d, nil
}

// Record notes that one took so long.
func (d *Durations[K]) Record(ctx context.Context, key K, took time.Duration) {
	options, known := (*d.known.Load())[key]
	if !known {
		options = d.learn(key)
	}
	d.histogram.Record(ctx, took.Seconds(), options...)
}

func (d *Durations[K]) learn(key K) []metric.RecordOption {
	options := []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(d.attributes(key)...))}
	d.mu.Lock()
	defer d.mu.Unlock()
	if before := *d.known.Load(); len(before) < maxKeys {
		more := maps.Clone(before)
		more[key] = options
		d.known.Store(&more)
	}
	return options
}
