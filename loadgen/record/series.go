package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Distributions are the names of the latencies: of series.jsonl's fields and of the logs in latency/.
var Distributions = []string{"sync", "response", "completion", "own", "lateness"}

// Series writes series.jsonl and latency/*.hlog as the run goes on. One goroutine uses it; each line is written at once, so
// a run that is killed leaves all but its last second.
type Series struct {
	start  time.Time
	tally  *Tally
	file   *os.File
	logs   []*HistogramLog // in the order of Distributions
	before Seen            // what the tally had at the last point
	err    error           // the first; nothing is written after it
}

// CreateSeries opens both in a run's folder.
func CreateSeries(folder, run string, start time.Time, tally *Tally) (*Series, error) {
	file, err := os.OpenFile(seriesPath(folder), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("create the series: %w", err)
	}
	s := &Series{start: start, tally: tally, file: file}
	for _, name := range Distributions {
		log, err := createHistogramLog(folder, name, start)
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		s.logs = append(s.logs, log)
	}
	s.line(SeriesHeader{Schema: SeriesSchema, Run: run, Start: start.UTC()})
	if s.err != nil {
		return nil, s.Close()
	}
	return s, nil
}

func seriesPath(folder string) string { return filepath.Join(folder, "series.jsonl") }

// Add closes an interval now and writes its point.
func (s *Series) Add(now time.Time, phase, stage string, g Gauges) Point {
	total := s.tally.seen()
	p := Point{T: milli(now.Sub(s.start)), Phase: phase, Stage: stage, Seen: total.minus(s.before), Gauges: g}
	s.before = total
	for i, d := range []struct {
		of *Latency
		to *Interval
	}{
		{s.tally.SyncResponse, &p.Sync},
		{s.tally.Response, &p.Response},
		{s.tally.Completion, &p.Completion},
		{s.tally.Own, &p.Own},
		{s.tally.Lateness, &p.Lateness},
	} {
		*d.to = interval(d.of.gather(s.logs[i]))
		s.logs[i].second(now)
	}
	s.line(p)
	return p
}

// Close writes what is left of the histograms. Its error means that series or histograms are not complete.
func (s *Series) Close() error {
	faults := []error{s.err, s.file.Close()}
	for _, log := range s.logs {
		faults = append(faults, log.close(time.Now()))
	}
	return errors.Join(faults...)
}

func (s *Series) line(v any) {
	if s.err != nil {
		return
	}
	text, err := json.Marshal(v)
	if err == nil {
		_, err = s.file.Write(append(text, '\n'))
	}
	if err != nil {
		s.err = fmt.Errorf("write the series: %w", err)
	}
}

// milli cuts a time to whole milliseconds, in seconds.
func milli(d time.Duration) float64 { return float64(d.Milliseconds()) / 1000 }
