package mysql

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"gazua.example/payment-api/payment"
)

// desk stands for the database: it notes what each statement asks for and takes some time to answer.
type desk struct {
	takes func(ids []payment.ID) time.Duration
	fails func(ids []payment.ID) bool

	mu    sync.Mutex
	asked [][]payment.ID
	now   int
	most  int
}

func (d *desk) run(ctx context.Context, ids []payment.ID) ([]*payment.Payment, error) {
	d.mu.Lock()
	d.asked = append(d.asked, ids)
	d.now++
	d.most = max(d.most, d.now)
	d.mu.Unlock()
	wait := time.Millisecond
	if d.takes != nil {
		wait = d.takes(ids)
	}
	select {
	case <-time.After(wait):
	case <-ctx.Done():
	}
	d.mu.Lock()
	d.now--
	d.mu.Unlock()
	if d.fails != nil && d.fails(ids) || ctx.Err() != nil {
		return nil, errors.New("the connection broke")
	}
	var found []*payment.Payment
	for _, id := range ids {
		if id < 1000 { // others are not there
			found = append(found, &payment.Payment{ID: id, Legs: []payment.Leg{{Seq: 1, State: payment.Pending}}})
		}
	}
	return found, nil
}

func (d *desk) statements() int { return len(d.asked) }

// readAll has every id read at once and gives back what each caller got.
func readAll(l *loads, ids ...payment.ID) ([][]*payment.Payment, []error) {
	found, errs := make([][]*payment.Payment, len(ids)), make([]error, len(ids))
	var all sync.WaitGroup
	for i, id := range ids {
		all.Go(func() { found[i], errs[i] = l.one(context.Background(), id) })
	}
	all.Wait()
	return found, errs
}

func upTo(n int) (ids []payment.ID) {
	for i := range n {
		ids = append(ids, payment.ID(i+1))
	}
	return ids
}

func TestLoads_ManyAtOnce_ShareStatements_AndEachGetsItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{}
		ids := append(upTo(100), 5, 5, 2000) // some want the same one, one wants what is not there
		found, errs := readAll(newLoads(64, d.run), ids...)
		for i, id := range ids {
			switch {
			case errs[i] != nil:
				t.Errorf("%d: %v", id, errs[i])
			case id == 2000 && len(found[i]) != 0, id != 2000 && (len(found[i]) != 1 || found[i][0].ID != id):
				t.Errorf("who wanted %d got %v", id, found[i])
			}
		}
		if d.statements() > 4 {
			t.Errorf("%d statements for %d callers", d.statements(), len(ids))
		}
		for _, asked := range d.asked {
			if len(asked) > 64 || !slices.IsSorted(asked) || len(slices.Compact(slices.Clone(asked))) != len(asked) {
				t.Errorf("a statement asks for %v", asked)
			}
		}
	})
}

// Whoever reads a payment goes on to move it: two who want the same one must not write to one.
func TestLoads_WhoWantsTheSameOne_GetsACopy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		found, _ := readAll(newLoads(64, (&desk{}).run), 9, 7, 7, 7)
		for _, got := range found[1:] {
			got[0].Legs[0].State = payment.Captured
			got[0].State = payment.Paid
		}
		for i, a := range found[1:] {
			for _, b := range found[i+2:] {
				if a[0] == b[0] || &a[0].Legs[0] == &b[0].Legs[0] {
					t.Fatal("two callers share a payment")
				}
			}
		}
	})
}

func TestLoads_ALoneReader_WaitsForNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{}
		l := newLoads(64, d.run)
		began := time.Now()
		for id := range payment.ID(10) {
			if _, err := l.one(t.Context(), id+1); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took != 10*time.Millisecond || d.statements() != 10 {
			t.Errorf("10 reads one after the other took %s in %d statements", took, d.statements())
		}
	})
}

func TestLoads_Plain_SharesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{}
		readAll(newLoads(1, d.run), upTo(20)...)
		if d.statements() != 20 || d.most != 20 {
			t.Errorf("%d statements, %d at once", d.statements(), d.most)
		}
	})
}

// A connection that hangs holds up its own reader, and others for a few milliseconds only.
func TestLoads_AStatementThatHangs_IsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{takes: func(ids []payment.ID) time.Duration {
			if slices.Contains(ids, 1) {
				return time.Second
			}
			return time.Millisecond
		}}
		l := newLoads(64, d.run)
		var hangs sync.WaitGroup
		hangs.Go(func() { _, _ = l.one(context.Background(), 1) })
		synctest.Wait()
		began := time.Now()
		if _, errs := readAll(l, 2, 3, 4); slices.ContainsFunc(errs, func(err error) bool { return err != nil }) {
			t.Error(errs)
		}
		if took := time.Since(began); took > loadPatience+2*time.Millisecond {
			t.Errorf("the others waited %s", took)
		}
		hangs.Wait()
	})
}

func TestLoads_AllHang_NoMoreStatementsThanTheBound_AndNobodyIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{takes: func([]payment.ID) time.Duration { return time.Second }}
		l := newLoads(4, d.run)
		found, errs := readAll(l, upTo(50)...)
		for i := range found {
			if errs[i] != nil || len(found[i]) != 1 {
				t.Errorf("%d: %v, %v", i+1, found[i], errs[i])
			}
		}
		if d.most > loadsUnderWay {
			t.Errorf("%d statements at once, at most %d may be", d.most, loadsUnderWay)
		}
	})
}

// A batch that fails has told nobody anything: each member reads again, alone, and only who fails alone has failed.
func TestLoads_ABatchThatFails_EachGetsWhatItWouldHaveGotAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{fails: func(ids []payment.ID) bool { return slices.Contains(ids, 13) }}
		ids := upTo(20)
		found, errs := readAll(newLoads(64, d.run), ids...)
		for i, id := range ids {
			if failed := errs[i] != nil; failed != (id == 13) || !failed && found[i][0].ID != id {
				t.Errorf("%d: %v, %v", id, found[i], errs[i])
			}
		}
	})
}

func TestLoads_ACallerThatGaveUp_HoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{takes: func([]payment.ID) time.Duration { return 100 * time.Millisecond }}
		l := newLoads(64, d.run)
		var all sync.WaitGroup
		all.Go(func() { _, _ = l.one(context.Background(), 1) })
		synctest.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		defer cancel()
		all.Go(func() {
			if _, err := l.one(ctx, 2); !errors.Is(err, payment.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("who gave up got %v", err)
			}
		})
		all.Go(func() {
			if found, err := l.one(context.Background(), 3); err != nil || len(found) != 1 {
				t.Errorf("its neighbour got %v, %v", found, err)
			}
		})
		all.Wait()
	})
}

// The first of several reads in its own caller's context; that one gives up and fails alone.
func TestLoads_TheOneUnderWayGivesUp_TheOthersRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{takes: func([]payment.ID) time.Duration { return 3 * time.Millisecond }}
		l := newLoads(64, d.run)
		ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		defer cancel()
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := l.one(ctx, 1); err == nil {
				t.Error("it read, though it gave up")
			}
		})
		synctest.Wait()
		if found, err := l.one(context.Background(), 2); err != nil || len(found) != 1 {
			t.Errorf("%v, %v", found, err)
		}
		all.Wait()
	})
}

// One reads alone, three share a statement; of these the traces of two are recorded.
func TestLoads_TheStatementStandsBelowTheFirstThatIsRecorded_AndTheOthersLinkToIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		recorder := tracetest.NewSpanRecorder()
		tracer := sdk.NewTracerProvider(sdk.WithSpanProcessor(recorder)).Tracer("test")
		var below []trace.SpanContext
		d := &desk{}
		l := newLoads(64, func(ctx context.Context, ids []payment.ID) ([]*payment.Payment, error) {
			below = append(below, trace.SpanContextFromContext(ctx))
			return d.run(ctx, ids)
		})
		l.tracer = tracer
		a, _ := tracer.Start(t.Context(), "a")
		b, _ := tracer.Start(t.Context(), "b")
		var all sync.WaitGroup
		for i, ctx := range []context.Context{a, t.Context(), a, b} {
			all.Go(func() { _, _ = l.one(ctx, payment.ID(i+1)) })
			synctest.Wait()
		}
		all.Wait()
		ended := recorder.Ended()
		if len(ended) != 2 || len(below) != 2 || !below[0].Equal(trace.SpanContextFromContext(a)) || !below[1].Equal(ended[0].SpanContext()) && !below[1].Equal(ended[1].SpanContext()) {
			t.Fatalf("spans %v, statements below %v", ended, below)
		}
		for _, span := range ended {
			if first := span.SpanContext().Equal(below[1]); first != (len(span.Links()) == 0) || !first && !span.Links()[0].SpanContext.Equal(below[1]) {
				t.Errorf("the statement is below %s; %s links to %v", below[1].SpanID(), span.SpanContext().SpanID(), span.Links())
			}
		}
	})
}
