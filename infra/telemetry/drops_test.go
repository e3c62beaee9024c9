package telemetry

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/sdk/trace"
)

// gate is an exporter that holds every batch until it is opened, or fails.
type gate struct {
	open     chan struct{}
	err      error
	exported int
}

func (g *gate) ExportSpans(_ context.Context, spans []trace.ReadOnlySpan) error {
	<-g.open
	if g.err == nil {
		g.exported += len(spans)
	}
	return g.err
}

func (g *gate) Shutdown(context.Context) error { return nil }

// flood ends n spans behind a processor with room for so many, then lets the exporter go and stops.
func flood(t *testing.T, g *gate, room, n int) (*drops, string) {
	t.Helper()
	var log bytes.Buffer
	lost, err := newDrops(slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	provider := trace.NewTracerProvider(trace.WithSpanProcessor(newProcessor(g, room, lost)))
	for range n {
		_, span := provider.Tracer("test").Start(t.Context(), "work")
		span.End()
	}
	close(g.open)
	if err := provider.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	return lost, log.String()
}

func TestDrops_WhatTheQueueHasNoRoomFor_IsCounted_ToTheLastSpan(t *testing.T) {
	g := &gate{open: make(chan struct{})}
	const room, n = 1000, 5000
	lost, log := flood(t, g, room, n)
	full, failed := int(lost.full.Load()), int(lost.failed.Load())
	if full+g.exported != n || failed != 0 {
		t.Errorf("%d exported and %d dropped of %d, %d failed", g.exported, full, n, failed)
	}
	if full == 0 || g.exported < room {
		t.Errorf("%d exported, %d dropped: want a full queue", g.exported, full)
	}
	if lines := strings.Count(log, "spans are dropped"); lines != 1 {
		t.Errorf("%d warnings within a minute, want one:\n%s", lines, log)
	}
}

func TestDrops_WhatTheCollectorDoesNotTake_IsCounted(t *testing.T) {
	g := &gate{open: make(chan struct{}), err: errors.New("no collector")}
	lost, _ := flood(t, g, 1000, 700)
	if full, failed := lost.full.Load(), lost.failed.Load(); full != 0 || failed != 700 {
		t.Errorf("%d found the queue full, %d failed; want 0 and 700", full, failed)
	}
}

func TestDrops_WithRoom_NothingIsDropped(t *testing.T) {
	g := &gate{open: make(chan struct{})}
	lost, log := flood(t, g, 1000, 1000)
	if lost.full.Load() != 0 || g.exported != 1000 || log != "" {
		t.Errorf("%d exported, %d dropped, log %q", g.exported, lost.full.Load(), log)
	}
}
