package telemetry

import (
	"context"
	"log/slog"
	"sync"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// PanicMessage is the message under which a panic is logged that was contained: an error with `where`, `reason` and
// `stack`. Each such line is counted, so that whoever contains a panic needs to know a logger only, as the domain does.
const PanicMessage = "panic"

// counting counts the panics that are logged.
type counting struct {
	slog.Handler
	panics func() metric.Int64Counter
	where  string // of the logger, if it was made with one
}

// newCounting makes the counter at the first panic: the metrics start after the log.
func newCounting(h slog.Handler) counting {
	return counting{Handler: h, panics: sync.OnceValue(func() metric.Int64Counter {
		panics, err := otel.Meter(scope).Int64Counter("gazua.panics", metric.WithUnit("{panic}"), metric.WithDescription("Panics that were contained, by what they happened in."))
		if err != nil {
			panic(err) // the name is a constant: a programmer's mistake
		}
		return panics
	})}
}

func (c counting) Handle(ctx context.Context, r slog.Record) error {
	if r.Message == PanicMessage && r.Level >= slog.LevelError {
		c.count(ctx, r)
	}
	return c.Handler.Handle(ctx, r)
}

func (c counting) count(ctx context.Context, r slog.Record) {
	where := c.where
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "where" {
			where = a.Value.String()
		}
		return a.Key != "where"
	})
	if where == "" {
		where = "unknown"
	}
	c.panics().Add(ctx, 1, metric.WithAttributes(attribute.String("where", where)))
}

func (c counting) WithAttrs(attrs []slog.Attr) slog.Handler {
	for _, a := range attrs {
		if a.Key == "where" {
			c.where = a.Value.String()
		}
	}
	c.Handler = c.Handler.WithAttrs(attrs)
	return c
}

func (c counting) WithGroup(name string) slog.Handler {
	c.Handler = c.Handler.WithGroup(name)
	return c
}
