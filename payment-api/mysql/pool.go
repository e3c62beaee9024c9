package mysql

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// Payments is the name of the pool that transactions take their connections from.
const Payments = "payments"

// WatchPool shows how busy a pool is under a name of its own. The waits are sums: database/sql counts no other way.
func WatchPool(db *sql.DB, name string) error {
	meter := otel.Meter(scope)
	connections, err := meter.Int64ObservableUpDownCounter("db.client.connection.count", metric.WithUnit("{connection}"),
		metric.WithDescription("Connections of the pool, by what they do."))
	if err != nil {
		return fmt.Errorf("watch the pool %s: %w", name, err)
	}
	most, err := meter.Int64ObservableUpDownCounter("db.client.connection.max", metric.WithUnit("{connection}"), metric.WithDescription("Connections that the pool may have."))
	if err != nil {
		return fmt.Errorf("watch the pool %s: %w", name, err)
	}
	waits, err := meter.Int64ObservableCounter("gazua.db.connection.waits", metric.WithUnit("{wait}"), metric.WithDescription("Times that somebody waited for a connection of the pool."))
	if err != nil {
		return fmt.Errorf("watch the pool %s: %w", name, err)
	}
	waited, err := meter.Float64ObservableCounter("gazua.db.connection.waited", metric.WithUnit("s"), metric.WithDescription("Time waited for connections of the pool, all waits together."))
	if err != nil {
		return fmt.Errorf("watch the pool %s: %w", name, err)
	}
	pool := semconv.DBClientConnectionPoolName(name)
	all := metric.WithAttributeSet(attribute.NewSet(pool))
	used := metric.WithAttributeSet(attribute.NewSet(pool, semconv.DBClientConnectionStateUsed))
	idle := metric.WithAttributeSet(attribute.NewSet(pool, semconv.DBClientConnectionStateIdle))
	_, err = meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		now := db.Stats()
		o.ObserveInt64(connections, int64(now.InUse), used)
		o.ObserveInt64(connections, int64(now.Idle), idle)
		o.ObserveInt64(most, int64(now.MaxOpenConnections), all)
		o.ObserveInt64(waits, now.WaitCount, all)
		o.ObserveFloat64(waited, now.WaitDuration.Seconds(), all)
		return nil
	}, connections, most, waits, waited)
	if err != nil {
		return fmt.Errorf("watch the pool %s: %w", name, err)
	}
	return nil
}

// asked is when a transaction asked for its connection. database/sql tells nobody when it got one; but the driver begins the
// transaction then, and it is handed the same context.
type asked struct{}

func asking(ctx context.Context) context.Context { return context.WithValue(ctx, asked{}, time.Now()) }

// given notes the wait of a transaction that has its connection now.
func (o *observer) given(ctx context.Context, now time.Time) {
	if began, is := ctx.Value(asked{}).(time.Time); is {
		o.waits.Record(ctx, Payments, now.Sub(began))
	}
}
