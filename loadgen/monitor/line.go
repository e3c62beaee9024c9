// Package monitor writes down, once a second, what a stack uses and how far it is behind: CPU, memory, disk and network of
// the machine and of each process, Go's, MySQL's and Kafka's own figures, open work. It runs in a process of its own that
// stands back behind everything that is measured. docs/monitor.md lists every key.
//
//	tick ─► ask all sources at once ─► what answers in time becomes one line ─► monitor.jsonl
//	        (host, processes, a page of each Go program, mysql, work, kafka)
//
// A source that does not answer in time is missing in that line and counted; it never delays the line, nor is it asked
// again while it still hangs.
package monitor

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"
)

// Schema names the format of the file, FileName the file in a run's folder.
const (
	Schema   = "gazua.monitor/1"
	FileName = "monitor.jsonl"
)

// Header is the file's first line. Start is the run's start, from which t counts; Units are by metric, which is what stands
// after the slash of a key.
type Header struct {
	Schema string            `json:"schema"`
	Start  time.Time         `json:"start"`
	Units  map[string]string `json:"units"`
}

// Line is every further line: the values of one moment, or an event (one of the two). Keys are "<process>/<metric>". A value
// that could not be had is not there. Rates are per second.
type Line struct {
	T      float64 // seconds since the header's start
	Values Values
	Event  string // "payment-api-1 restarted"
}

// Values are figures by key.
type Values map[string]float64

// put keeps a figure. What is no number is nothing that was measured.
func (v Values) put(process, metric string, value float64) {
	if !math.IsNaN(value) && !math.IsInf(value, 0) {
		v[process+"/"+metric] = value
	}
}

func (v Values) add(others Values) {
	for key, value := range others {
		v[key] = value
	}
}

// figure is a number as it is written: whole ones whole, others with six digits, which is more than anything here is exact.
type figure float64

func (f figure) MarshalJSON() ([]byte, error) {
	value := float64(f)
	if value == math.Trunc(value) && math.Abs(value) < 1<<53 {
		return strconv.AppendFloat(nil, value, 'f', -1, 64), nil
	}
	return strconv.AppendFloat(nil, value, 'g', 6, 64), nil
}

// encode gives the line with its end. The keys are in their order, so that a person can compare two lines.
func (l Line) encode() ([]byte, error) {
	t := json.RawMessage(strconv.FormatFloat(l.T, 'f', 3, 64))
	var line any = struct {
		T     json.RawMessage `json:"t"`
		Event string          `json:"event"`
	}{t, l.Event}
	if l.Event == "" {
		figures := make(map[string]figure, len(l.Values))
		for key, value := range l.Values {
			figures[key] = figure(value)
		}
		line = struct {
			T json.RawMessage   `json:"t"`
			V map[string]figure `json:"v"`
		}{t, figures}
	}
	text, err := json.Marshal(line)
	if err != nil {
		return nil, fmt.Errorf("encode a line of %s: %w", FileName, err)
	}
	return append(text, '\n'), nil
}
