package run

import (
	"context"
	"time"

	"gazua.example/loadgen/report"
)

// watcher shows once a second how the run goes, and waits for what ends a phase.
type watcher struct {
	*runner
}

const lookEvery = time.Second

// until shows the load until the last arrival is sent.
func (w *watcher) until(arrived <-chan struct{}) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-arrived:
			return
		case now := <-tick.C:
			since := now.Sub(w.result.Start)
			stage := w.plan.Stages()[w.plan.StageAt(since)]
			w.show(now, stage.Name, w.plan.Duration()-since, "")
			w.dumper.look(w.sampler.latest())
		}
	}
}

// settle waits until nothing is on its way any more, at most for the scenario's bound. A charge that comes late may be on
// its way to the PG when everything else has ended, so from then on it waits for that.
func (w *watcher) settle() (quiet bool) {
	var emptySince time.Time
	ctx, cancel := context.WithTimeout(context.Background(), w.result.Scenario.Settle)
	defer cancel()
	for {
		state := look(ctx, w.database, w.result.Scope.FromID, w.engine)
		if !state.empty() {
			emptySince = time.Time{}
		} else if emptySince.IsZero() {
			emptySince = time.Now()
		}
		state.late = w.result.Scenario.LongestLate() - time.Since(emptySince)
		if state.reached() {
			return true
		}
		deadline, _ := ctx.Deadline()
		w.show(time.Now(), "settle", time.Until(deadline), state.String())
		select {
		case <-ctx.Done():
			w.live.Say("not quiescent within %s: %s", w.result.Scenario.Settle, state)
			return false
		case <-time.After(lookEvery):
		}
	}
}

func (w *watcher) show(now time.Time, phase string, left time.Duration, note string) {
	p := w.sampler.latest()
	w.live.Show(now, report.Moment{
		Phase: phase, Elapsed: now.Sub(w.result.Start), Left: max(left, 0), Rate: float64(p.Sent), // of the last second
		P99: p.Sync.P99, Faults: w.tally.Faults(), Backlog: w.tally.Backlog.Load(), Note: note,
	})
}
