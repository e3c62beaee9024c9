package monitor

import (
	"context"
	"errors"
	"os"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

type reader func(context.Context) (Values, error)

func (r reader) read(ctx context.Context) (Values, error) { return r(ctx) }

func TestGather_SourceThatHangs_IsMissingAndCounted_AndAskedAgainOnceItIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		answers, release, times := make(chan answer, mostSources), make(chan struct{}), 0
		deaf := serve(ctx, "deaf", reader(func(context.Context) (Values, error) { // it does not even mind its context
			times++
			<-release
			return Values{"deaf/fds": float64(times)}, nil
		}), time.Second, answers)
		quick := serve(ctx, "quick", reader(func(context.Context) (Values, error) { return Values{"quick/fds": 1}, nil }), time.Second, answers)
		broken := serve(ctx, "broken", reader(func(context.Context) (Values, error) { return nil, errors.New("no") }), time.Second, answers)
		all := []*asked{deaf, quick, broken}
		for tick := 1; tick <= 3; tick++ {
			began := time.Now()
			g := gather(all, tick, answers, time.After(700*time.Millisecond))
			if g.late != 1 || len(g.answered) != 2 || g.values["quick/fds"] != 1 {
				t.Errorf("tick %d: %d late, %d answered, %v", tick, g.late, len(g.answered), g.values)
			}
			if waited := time.Since(began); tick > 1 && waited > 0 {
				t.Errorf("tick %d waited %s for a source that hangs already", tick, waited)
			}
			time.Sleep(300 * time.Millisecond)
		}
		close(release)
		synctest.Wait()
		g := gather(all, 4, answers, time.After(700*time.Millisecond))
		if g.late != 0 || g.values["deaf/fds"] != 2 {
			t.Errorf("back again: %d late, %v: want the answer of this tick, not the old one", g.late, g.values)
		}
	})
}

func TestGather_AnswerOfAnEarlierTick_BelongsToNoLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		answers, times := make(chan answer, mostSources), 0
		slow := serve(ctx, "slow", reader(func(context.Context) (Values, error) {
			times++
			time.Sleep(1300 * time.Millisecond)
			return Values{"slow/fds": float64(times)}, nil
		}), time.Second, answers)
		other := serve(ctx, "other", reader(func(context.Context) (Values, error) {
			time.Sleep(600 * time.Millisecond)
			return Values{"other/fds": 1}, nil
		}), time.Second, answers)
		for tick := 1; tick <= 2; tick++ { // the slow one's first answer comes while the other one is waited for
			g := gather([]*asked{slow, other}, tick, answers, time.After(700*time.Millisecond))
			if _, there := g.values["slow/fds"]; there || g.late != 1 || g.values["other/fds"] != 1 {
				t.Errorf("tick %d: %v, %d late", tick, g.values, g.late)
			}
			time.Sleep(300 * time.Millisecond)
		}
	})
}

func TestProcesses_SameNameAndAnotherPid_IsAnother(t *testing.T) {
	var living atomic.Pointer[[]alive]
	p := &processes{living: &living}
	look := func(pid int) Values {
		living.Store(&[]alive{{name: "a", pid: pid}})
		v, err := p.read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	look(os.Getpid())
	if v := look(os.Getpid()); v["a/rss_bytes"] == 0 {
		t.Errorf("nothing of this process: %v", v)
	}
	if v := look(os.Getppid()); p.known[alive{name: "a", pid: os.Getppid()}] == nil || len(p.known) != 1 {
		t.Errorf("still %v is measured: %v", p.known, v)
	} else if _, there := v["a/cpu_cores"]; there {
		t.Errorf("the counters of one process went on with those of another: %v", v)
	}
}

func TestCounters_DownMeansStartedAnew(t *testing.T) {
	c, at := counters{}, time.Now()
	for i, step := range []struct {
		value float64
		rate  float64
		ok    bool
	}{{100, 0, false}, {150, 50, true}, {20, 0, false}, {30, 10, true}} {
		at = at.Add(time.Second)
		if rate, ok := c.rate("x", step.value, at); ok != step.ok || rate != step.rate {
			t.Errorf("step %d: %g %t, want %g %t", i, rate, ok, step.rate, step.ok)
		}
	}
	if _, ok := c.mean("m", 1, 1, at); ok {
		t.Error("a mean of one look")
	}
	if mean, ok := c.mean("m", 7, 4, at.Add(time.Second)); !ok || mean != 2 {
		t.Errorf("mean %g %t, want 2", mean, ok)
	}
	if mean, ok := c.mean("m", 7, 4, at.Add(2*time.Second)); ok {
		t.Errorf("a mean %g of nothing", mean)
	}
}
