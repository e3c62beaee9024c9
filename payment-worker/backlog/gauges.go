package backlog

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"gazua.example/payment-api/events"
)

// gauges registers what is shown of the last look.
func (w *Watch) gauges(meter metric.Meter) error {
	var errs []error
	count := func(name, unit, text string) metric.Int64ObservableGauge {
		gauge, err := meter.Int64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(text))
		errs = append(errs, err)
		return gauge
	}
	age := func(name, text string) metric.Float64ObservableGauge {
		gauge, err := meter.Float64ObservableGauge(name, metric.WithUnit("s"), metric.WithDescription(text))
		errs = append(errs, err)
		return gauge
	}
	unsent := count("gazua.outbox.unsent", "{row}", "Outbox rows that are no message yet, of all workers; counting stops at 100000.")
	oldestUnsent := age("gazua.outbox.oldest", "Age of the oldest outbox row that is no message yet; 0: there is none.")
	open := count("gazua.open_payments", "{payment}", "Open work by how it stands, of all workers; the oldest 100000 are counted.")
	oldest := age("gazua.oldest_pending", "Age of the oldest payment that is not final, reviews left out; 0: there is none.")
	lag := count("gazua.consumer.lag", "{message}", "Messages that this worker has not done yet, by partition.")
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("make the gauges of the backlog: %w", err)
	}
	_, err := meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		now := w.seen.Load()
		for partition, n := range now.lag {
			o.ObserveInt64(lag, n, metric.WithAttributeSet(attribute.NewSet(semconv.MessagingSystemKafka, semconv.MessagingDestinationName(events.Topic),
				semconv.MessagingConsumerGroupName(events.Group), semconv.MessagingDestinationPartitionID(strconv.Itoa(partition)))))
		}
		b := now.work
		if b == nil {
			return nil
		}
		o.ObserveInt64(unsent, b.Unsent)
		o.ObserveFloat64(oldestUnsent, b.OldestUnsent.Seconds())
		for state, n := range map[string]int64{"due": b.Due, "leased": b.Leased, "deferred": b.Deferred, "waiting": b.Waiting, "review": b.Review} {
			o.ObserveInt64(open, n, metric.WithAttributeSet(attribute.NewSet(attribute.String("state", state))))
		}
		pending := time.Duration(0)
		if b.Oldest != 0 {
			pending = max(time.Since(b.Oldest.Time()), 0) // an id's time is its API's clock
		}
		o.ObserveFloat64(oldest, pending.Seconds())
		return nil
	}, unsent, oldestUnsent, open, oldest, lag)
	if err != nil {
		return fmt.Errorf("make the gauges of the backlog: %w", err)
	}
	return nil
}
