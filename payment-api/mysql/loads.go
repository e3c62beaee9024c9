package mysql

import (
	"context"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"gazua.example/infra/telemetry"
	"gazua.example/payment-api/payment"
)

// Bounds of reading together.
const (
	loadsUnderWay = 4                    // statements at one time
	loadPatience  = 5 * time.Millisecond // a statement that takes longer is not waited for: the next one goes beside it
	loadBound     = 10 * time.Second     // the backstop of a statement; the connection has a shorter one of its own
)

// loads lets those who read a payment at about the same time share a statement: most of what one costs is not the row but
// opening two partitioned tables and describing 23 columns.
//
//	caller ─► one ─► nobody is reading: at once, alone, in the caller's own context
//	caller ─► one ─┐ somebody is:
//	caller ─► one ─┴─► gathered until that statement ends, or for a few milliseconds ─► one SELECT ─► each gets its own
//
// A lone reader never waits. What several share is never older than their calls: the statement is sent after the last of
// them has come. A batch that fails has told nobody anything: each member then reads alone, and gets what it would have got.
type loads struct {
	most   int // payments of one statement; 1: nothing is shared
	run    func(context.Context, []payment.ID) ([]*payment.Payment, error)
	tracer trace.Tracer
	size   metric.Int64Histogram

	mu       sync.Mutex // guards what follows
	underWay int
	waiting  []*reader
	patience *time.Timer // runs while somebody waits
}

// reader is somebody who waits for a statement that others share.
type reader struct {
	id    payment.ID
	span  trace.Span               // nil: its trace is not recorded
	found chan *[]*payment.Payment // nil: the statement failed
}

func newLoads(most int, run func(context.Context, []payment.ID) ([]*payment.Payment, error)) *loads {
	size, err := otel.Meter(scope).Int64Histogram("gazua.load.batch.size", metric.WithUnit("{payment}"),
		metric.WithDescription("Payments read by one statement, where several were wanted at once."), metric.WithExplicitBucketBoundaries(1, 2, 4, 8, 16, 32, 64, 128, 256, 512))
	if err != nil {
		panic(err) // name and bounds are constants: a programmer's mistake
	}
	return &loads{most: most, run: run, tracer: otel.Tracer(scope), size: size}
}

// one reads a payment; none is no error.
func (l *loads) one(ctx context.Context, id payment.ID) ([]*payment.Payment, error) {
	if l.most <= 1 {
		return l.run(ctx, []payment.ID{id})
	}
	r := l.wait(ctx, id)
	if r == nil {
		defer l.ended()
		return l.run(ctx, []payment.ID{id})
	}
	if r.span != nil {
		defer r.span.End()
	}
	select {
	case found := <-r.found:
		if found != nil {
			return *found, nil
		}
		return l.run(ctx, []payment.ID{id})
	case <-ctx.Done():
		return nil, notStored(ctx.Err())
	}
}

// wait puts the caller among those who wait; nil: nobody is reading, so it may.
func (l *loads) wait(ctx context.Context, id payment.ID) *reader {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.underWay == 0 {
		l.underWay++
		return nil
	}
	r := &reader{id: id, found: make(chan *[]*payment.Payment, 1)}
	if telemetry.Recorded(ctx) {
		_, r.span = l.tracer.Start(ctx, "LOAD payment", telemetry.AsClient...)
		r.span.SetAttributes(semconv.DBSystemNameMySQL, semconv.DBOperationName("LOAD"))
	}
	l.waiting = append(l.waiting, r)
	switch len(l.waiting) {
	case 1:
		l.patience = time.AfterFunc(loadPatience, l.late)
	case l.most:
		l.depart()
	}
	return r
}

// late: the statement under way takes so long that those who wait go beside it.
func (l *loads) late() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.depart()
}

// ended: a statement did, and whoever came meanwhile goes.
func (l *loads) ended() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.underWay--
	l.depart()
}

// depart sends off those who wait, if there are any and a statement is free; the caller holds mu. Whoever finds none free is
// sent off by the first that ends.
func (l *loads) depart() {
	if len(l.waiting) == 0 || l.underWay >= loadsUnderWay {
		return
	}
	n := min(len(l.waiting), l.most)
	batch := slices.Clone(l.waiting[:n])
	l.waiting = slices.Delete(l.waiting, 0, n)
	l.patience.Stop()
	if len(l.waiting) > 0 {
		l.patience = time.AfterFunc(loadPatience, l.late)
	}
	l.underWay++
	go l.together(batch)
}

// together reads for a batch. The statement stands below the first member whose trace is recorded, and the others link to it.
func (l *loads) together(batch []*reader) {
	ctx, cancel := context.WithTimeout(context.Background(), loadBound)
	defer cancel()
	l.size.Record(ctx, int64(len(batch)))
	found, err := l.run(below(ctx, batch), wanted(batch))
	l.ended()
	if err != nil {
		for _, r := range batch {
			r.found <- nil
		}
		return
	}
	byID := make(map[payment.ID]*payment.Payment, len(found))
	for _, p := range found {
		byID[p.ID] = p
	}
	for _, r := range batch {
		r.found <- own(byID, r.id)
	}
}

// own is a member's payment, a copy that is nobody else's: several may want the same one, and each goes on to move it.
func own(found map[payment.ID]*payment.Payment, id payment.ID) *[]*payment.Payment {
	p := found[id]
	if p == nil {
		return &[]*payment.Payment{}
	}
	copied := *p
	copied.Legs = slices.Clone(p.Legs)
	return &[]*payment.Payment{&copied}
}

// wanted is the members' payments, each once, in order.
func wanted(batch []*reader) []payment.ID {
	ids := make([]payment.ID, len(batch))
	for i, r := range batch {
		ids[i] = r.id
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func below(ctx context.Context, batch []*reader) context.Context {
	var first trace.Span
	for _, r := range batch {
		switch {
		case r.span == nil:
			continue
		case first == nil:
			first, ctx = r.span, trace.ContextWithSpan(ctx, r.span)
		default:
			r.span.AddLink(trace.Link{SpanContext: first.SpanContext()})
		}
		r.span.SetAttributes(semconv.DBOperationBatchSize(len(batch)))
	}
	return ctx
}
