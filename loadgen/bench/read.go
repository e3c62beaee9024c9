package bench

import (
	"fmt"
	"math"
	"path/filepath"
	"regexp"
	"time"

	"gazua.example/loadgen/capacity"
	"gazua.example/loadgen/record"
	"gazua.example/loadgen/report"
)

// readRun makes a repeat of a run's folder. Only what ended within the load counts: with 256 clients of a slow system the
// payments that were sent are a tenth more, and the rate would flatter it.
func readRun(folder string, p Place, number int, load time.Duration) (Repeat, error) {
	result, err := report.Load(folder)
	if err != nil {
		return Repeat{}, err
	}
	r := Repeat{Number: number, Verdict: result.Verdict, Reasons: result.Reasons, Folder: folder, CPU: map[string]float64{}}
	if result.Stopped {
		r.Verdict, r.Reasons = worse(invalid, r.Verdict), append(r.Reasons, "stopped by hand")
	}
	seconds := 0.0
	_, err = record.ReadSeries(folder, func(point record.Point) error {
		if point.T <= load.Seconds()+pointSlack {
			r.Payments += point.Paid + point.Failed
			seconds = point.T
		}
		return nil
	})
	if err != nil {
		return Repeat{}, fmt.Errorf("read what ended in %s: %w", folder, err)
	}
	if seconds > 0 {
		r.Rate = float64(r.Payments) / seconds
	}
	latency := result.Latency.SyncResponse
	if p.Mode == Async {
		latency = result.Latency.Completion
	}
	r.P50, r.P99 = latency.P50, latency.P99
	if result.Efficiency != nil && r.Rate > 0 {
		for _, u := range result.Efficiency.Processes {
			r.CPU[program(u.Process)] += u.Cores * 1e6 / r.Rate
			if u.Part == "system" {
				r.System += u.Cores * 1e6 / r.Rate
			}
		}
	}
	if p.Clients == 0 {
		if r.Backlog, err = readBacklog(result, p.Rate); err != nil {
			return Repeat{}, err
		}
	}
	return r, nil
}

// pointSlack is how late the sampler may be with the last point of the load.
const pointSlack = 0.25

// readBacklog judges it as the search of the capacity does.
func readBacklog(result *report.Result, rate float64) (*Backlog, error) {
	step, err := capacity.Measure(result, rate, capacity.Objective{P99: math.MaxFloat64, Errors: 1})
	if err != nil {
		return nil, err
	}
	return &Backlog{
		Slope: step.Backlog, Low: step.BacklogLow, Most: result.Async.BacklogMax, Drain: result.Async.Drain,
		Grows: step.BacklogLow != nil && *step.BacklogLow > 0 && step.Backlog > growthShare*rate,
	}, nil
}

// growthShare of the rate may a backlog grow a second, as in the search of the capacity.
const growthShare = 0.02

// instance is the number of one of several.
var instance = regexp.MustCompile(`-[0-9]+$`)

// program is what instances of one program have in common.
func program(process string) string { return instance.ReplaceAllString(process, "") }

// reported finds the folder of a run in the last line that it prints.
var reported = regexp.MustCompile(`(?m)^verdict=\S+ .* report=(\S+)/result\.json$`)

func folderOf(output []byte) (string, bool) {
	found := reported.FindAllSubmatch(output, -1)
	if len(found) == 0 {
		return "", false
	}
	return filepath.Clean(string(found[len(found)-1][1])), true
}
