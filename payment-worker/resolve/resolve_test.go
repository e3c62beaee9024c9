package resolve

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gazua.example/payment-api/payment"
)

// pile is a heap of due work; the domain's pieces are alike from outside, so they are counted by the order of their calls.
type pile struct {
	due   int
	fails int // so many takes
	hangs func(n int) <-chan struct{}

	mu     sync.Mutex
	limits []int // what each take asked for
	begun  int
	ended  int
	most   int // at one time
	ctxErr error
}

func (p *pile) TakeDue(_ context.Context, limit int) ([]payment.Due, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.limits = append(p.limits, limit)
	if p.fails > 0 {
		p.fails--
		return nil, errors.New("no database")
	}
	n := min(limit, p.due)
	p.due -= n
	return make([]payment.Due, n), nil
}

func (p *pile) Resolve(ctx context.Context, _ payment.Due) {
	p.mu.Lock()
	n := p.begun
	p.begun++
	p.most = max(p.most, p.begun-p.ended)
	p.mu.Unlock()
	if p.hangs != nil {
		if gate := p.hangs(n); gate != nil {
			<-gate
		}
	}
	time.Sleep(50 * time.Millisecond)
	p.mu.Lock()
	p.ended++
	if ctx.Err() != nil {
		p.ctxErr = ctx.Err()
	}
	p.mu.Unlock()
}

func (p *pile) counts() (begun, ended int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.begun, p.ended
}

// run starts a resolver in the bubble; stop tells it to end and says when it has.
func run(p *pile, places int) (stop func() <-chan struct{}) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		New(p, places, slog.New(slog.DiscardHandler)).Run(ctx)
	}()
	return func() <-chan struct{} { cancel(); return ended }
}

// The fault of before: a look waited for all that the last one had found, so one hanging means held up everybody.
func TestRun_OneThatHangs_DelaysNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		p := &pile{due: 40, hangs: func(n int) <-chan struct{} {
			if n == 0 {
				return gate
			}
			return nil
		}}
		stop := run(p, 4)
		time.Sleep(2 * time.Second)
		if begun, ended := p.counts(); begun != 40 || ended != 39 {
			t.Errorf("%d begun and %d ended while one hangs, want all 40 and 39", begun, ended)
		}
		p.mu.Lock()
		p.due = 1 // comes later, and is found just the same
		p.mu.Unlock()
		time.Sleep(idle + 100*time.Millisecond)
		if _, ended := p.counts(); ended != 40 {
			t.Errorf("%d ended, want the new one too", ended)
		}
		close(gate)
		<-stop()
		if p.most > 4 {
			t.Errorf("%d at one time in 4 places", p.most)
		}
	})
}

func TestRun_TakesOnlyWhatHasAPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		p := &pile{due: 100, hangs: func(n int) <-chan struct{} {
			if n < 3 {
				return gate
			}
			return nil
		}}
		stop := run(p, 4)
		time.Sleep(time.Second)
		p.mu.Lock()
		taken, begun := 100-p.due, p.begun
		if p.limits[0] != 4 || slices.ContainsFunc(p.limits[1:], func(limit int) bool { return limit != 1 }) {
			t.Errorf("it asked for %v; four places, three of which are held for good", p.limits)
		}
		p.mu.Unlock()
		if taken-begun > 0 {
			t.Errorf("%d taken and %d begun: a lease runs for nothing", taken, begun)
		}
		close(gate)
		<-stop()
	})
}

func TestRun_WhenAllPlacesComeFreeTogether_OneTakeFillsThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pile{due: 64}
		stop := run(p, 16)
		time.Sleep(time.Second)
		<-stop()
		full := 0
		for _, limit := range p.limits {
			if limit == 16 {
				full++
			}
		}
		if full < 4 || len(p.limits) > 10 {
			t.Errorf("64 pieces in 16 places were taken by %v", p.limits)
		}
	})
}

func TestRun_Nothing_LooksEveryNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pile{}
		stop := run(p, 4)
		time.Sleep(10 * time.Second)
		<-stop()
		if n := len(p.limits); n < 45 || n > 55 {
			t.Errorf("%d looks in 10 s, want about 50", n)
		}
	})
}

func TestRun_AFailure_IsTriedAgainAfterAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pile{due: 1, fails: 3}
		stop := run(p, 4)
		time.Sleep(3*pause - time.Millisecond)
		if begun, _ := p.counts(); begun != 0 {
			t.Error("it did not pause after a failure")
		}
		time.Sleep(time.Second)
		if _, ended := p.counts(); ended != 1 {
			t.Error("it gave up after a failure")
		}
		<-stop()
	})
}

func TestRun_ToldToStop_FinishesWhatItTook_AndTakesNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		p := &pile{due: 100, hangs: func(int) <-chan struct{} { return gate }}
		stop := run(p, 4)
		synctest.Wait()
		ended := stop()
		time.Sleep(time.Second)
		select {
		case <-ended:
			t.Error("it ended before its work")
		default:
		}
		close(gate)
		<-ended
		if p.begun != 4 || p.ended != 4 || p.due != 96 || p.ctxErr != nil {
			t.Errorf("%d begun, %d ended, %d left, the work's context says %v", p.begun, p.ended, p.due, p.ctxErr)
		}
	})
}

// breaking is work whose first piece is a programmer's mistake.
type breaking struct{ *pile }

func (b breaking) Resolve(ctx context.Context, d payment.Due) {
	b.mu.Lock()
	first := b.begun == 0
	b.begun++
	b.mu.Unlock()
	if first {
		panic("a mistake")
	}
	b.pile.Resolve(ctx, d)
}

func TestRun_APanic_CostsItsPieceOnly_AndIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		p := &pile{due: 10}
		r := New(breaking{p}, 4, slog.New(slog.NewTextHandler(&log, nil)))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); r.Run(ctx) }()
		time.Sleep(time.Second)
		if n := r.InHand(); n != 0 {
			t.Errorf("%d places are taken", n)
		}
		cancel()
		<-ended
		if p.ended != 9 || !strings.Contains(log.String(), `msg=panic where=resolve`) {
			t.Errorf("%d of the other 9 ended; log:\n%s", p.ended, &log)
		}
	})
}
