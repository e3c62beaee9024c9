package record

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// hlogEvery is the length of an interval in a log: ten seconds of a distribution are a line of a few KB.
const hlogEvery = 10

// HistogramLog writes one distribution over time in HdrHistogram's interval log format, version 1.3, values in ns. Each
// line is flushed: of a run that is killed all but the last interval is there.
type HistogramLog struct {
	file     *os.File
	writer   *hdrhistogram.HistogramLogWriter
	gathered *hdrhistogram.Histogram
	from     time.Time
	seconds  int
	err      error // the first; nothing is written after it
}

// createHistogramLog makes folder/latency/<name>.hlog. Its times count from the start of the run's second, since the
// format gives its base in whole seconds.
func createHistogramLog(folder, name string, start time.Time) (*HistogramLog, error) {
	path := histogramPath(folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("make the folder of histograms: %w", err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("create a histogram log: %w", err)
	}
	l := &HistogramLog{file: file, writer: hdrhistogram.NewHistogramLogWriter(file), gathered: newHistogram(), from: start}
	base := start.Truncate(time.Second).UnixMilli()
	l.writer.SetBaseTime(base)
	if err := errors.Join(
		l.writer.OutputComment("[loadgen: "+name+", ns]"), l.writer.OutputLogFormatVersion(),
		l.writer.OutputBaseTime(base), l.writer.OutputStartTime(base), l.writer.OutputLegend(),
	); err != nil {
		return nil, errors.Join(fmt.Errorf("write the head of %s: %w", path, err), file.Close())
	}
	return l, nil
}

func histogramPath(folder, name string) string { return filepath.Join(folder, "latency", name+".hlog") }

// add takes an interval in; without a log it goes nowhere.
func (l *HistogramLog) add(interval *hdrhistogram.Histogram) {
	if l != nil {
		l.gathered.Merge(interval)
	}
}

// second ends a second, and every tenth one a line.
func (l *HistogramLog) second(now time.Time) {
	if l.seconds++; l.seconds%hlogEvery == 0 {
		l.write(now)
	}
}

func (l *HistogramLog) write(now time.Time) {
	if l.err != nil || !now.After(l.from) {
		return
	}
	l.gathered.SetStartTimeMs(l.from.UnixMilli())
	l.gathered.SetEndTimeMs(now.UnixMilli())
	l.err = l.writer.OutputIntervalHistogram(l.gathered)
	l.gathered.Reset()
	l.from = now
}

// close writes what is left.
func (l *HistogramLog) close(now time.Time) error {
	if l.gathered.TotalCount() > 0 {
		l.write(now)
	}
	return errors.Join(l.err, l.file.Close())
}

// maxHistogramLog bounds what is read of one: thirty days of intervals.
const maxHistogramLog = 1 << 30

// ReadHistograms reads a distribution of a run's folder, interval by interval. A last line without its end is left out: the
// run that wrote it was killed there.
func ReadHistograms(folder, name string) ([]*hdrhistogram.Histogram, error) {
	path := histogramPath(folder, name)
	if info, err := os.Stat(path); err == nil && info.Size() > maxHistogramLog {
		return nil, fmt.Errorf("%s has %d bytes, more than %d are not read", path, info.Size(), maxHistogramLog)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read a histogram log: %w", err)
	}
	intervals, err := decodeHistograms(text)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return intervals, nil
}

func decodeHistograms(text []byte) (intervals []*hdrhistogram.Histogram, err error) {
	text = text[:bytes.LastIndexByte(text, '\n')+1]
	reader := hdrhistogram.NewHistogramLogReader(bytes.NewReader(text))
	for {
		h, err := reader.NextIntervalHistogram()
		if err != nil {
			return nil, fmt.Errorf("interval %d: %w", len(intervals)+1, err)
		}
		if h == nil {
			return intervals, nil
		}
		intervals = append(intervals, h)
	}
}

// Whole is a distribution of a run's folder as one, with the figures that result.json has.
func Whole(folder, name string) (*hdrhistogram.Histogram, error) {
	intervals, err := ReadHistograms(folder, name)
	if err != nil {
		return nil, err
	}
	whole := newHistogram()
	for _, h := range intervals {
		whole.Merge(h)
	}
	return whole, nil
}
