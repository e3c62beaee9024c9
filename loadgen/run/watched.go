package run

import (
	"context"
	"time"

	"gazua.example/loadgen/monitor"
	"gazua.example/loadgen/report"
)

// startMonitor starts the process that writes monitor.jsonl. Without it the run is as good, and what a payment costs is not
// known: no reason to end it.
func (r *runner) startMonitor(stackFile string, start time.Time) {
	if stackFile == "" {
		return
	}
	child, err := monitor.Spawn(context.Background(), monitor.SpawnOptions{Folder: r.result.Folder, StackFile: stackFile, Start: start})
	if err != nil {
		r.live.Say("there is no monitor, so what a payment costs will not be known: %v", err)
		return
	}
	r.monitor = child
}

func (r *runner) stopMonitor() {
	if r.monitor == nil {
		return
	}
	cost, err := r.monitor.Stop()
	if err != nil {
		r.live.Say("the monitor's figures are not complete: %v", err)
	}
	r.result.Monitor = &report.Monitor{CPU: cost.CPU.Seconds(), Cores: cost.Cores(), RSSMaxMiB: float64(cost.MaxBytes) / (1 << 20)}
}
