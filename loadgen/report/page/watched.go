package page

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"strconv"
	"strings"

	"gazua.example/loadgen/monitor"
	"gazua.example/loadgen/record"
)

// watched is what the monitor saw, by key: "<process>/<metric>".
type watched struct {
	x       nums
	values  map[string]nums
	events  []record.Marker // processes that came and went
	gaps    []record.Marker // when something could not be measured: not worth a line in each picture
	colours map[string]*int
}

// readWatched reads monitor.jsonl of a run's folder; nil when there is none.
func readWatched(folder string) (*watched, error) {
	recording, err := monitor.Read(folder)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = recording.Close() }() // it was only read
	w := &watched{values: map[string]nums{}}
	for l, err := range recording.Lines() {
		if err != nil {
			return nil, err
		}
		if l.Event != "" {
			w.note(record.Marker{T: l.T, Kind: record.NoteMarker, Text: l.Event})
			continue
		}
		w.x = append(w.x, l.T)
		for key, value := range l.Values {
			w.values[key] = append(filled(w.values[key], len(w.x)-1), value)
		}
	}
	for key := range w.values {
		w.values[key] = filled(w.values[key], len(w.x))
	}
	w.thin()
	return w, nil
}

func (w *watched) note(m record.Marker) {
	if strings.Contains(m.Text, "cannot be measured") || strings.HasSuffix(m.Text, "answers again") {
		w.gaps = append(w.gaps, m)
		return
	}
	w.events = append(w.events, m)
}

// filled grows a list with what was not measured.
func filled(list nums, length int) nums {
	for len(list) < length {
		list = append(list, math.NaN())
	}
	return list
}

// thin makes one point of several seconds where there are more than a screen has pixels: their mean.
func (w *watched) thin() {
	each := (len(w.x) + mostPoints - 1) / mostPoints
	if each <= 1 {
		return
	}
	mean := func(list nums) nums {
		var thinned nums
		for i := 0; i+each <= len(list); i += each {
			sum, n := 0.0, 0.0
			for _, v := range list[i : i+each] {
				if !math.IsNaN(v) {
					sum, n = sum+v, n+1
				}
			}
			thinned = append(thinned, sum/n) // NaN where nothing was measured
		}
		return thinned
	}
	for key, list := range w.values {
		w.values[key] = mean(list)
	}
	w.x = mean(w.x)
}

// of are the lines of one metric, a process each.
func (w *watched) of(metric string, scale float64, skip ...string) (lines []line) {
	for _, key := range byName(w.values) {
		process, name, _ := strings.Cut(key, "/")
		if name == metric && !contains(skip, process) {
			lines = append(lines, line{Name: process, Values: scaled(w.values[key], scale), Colour: w.colour(process)})
		}
	}
	return lines
}

// colour is a process' own: the same in every picture.
func (w *watched) colour(process string) *int {
	if w.colours == nil {
		w.colours = map[string]*int{}
		for _, key := range byName(w.values) {
			name, metric, _ := strings.Cut(key, "/")
			if n := len(w.colours); metric == "cpu_cores" && w.colours[name] == nil {
				w.colours[name] = &n
			}
		}
	}
	return w.colours[process]
}

func contains(list []string, text string) bool {
	for _, t := range list {
		if t == text {
			return true
		}
	}
	return false
}

// one is a single line, as a list that is empty when it was never measured.
func (w *watched) one(key, name string, scale float64) []line {
	if w.values[key] == nil {
		return nil
	}
	return []line{{Name: name, Values: scaled(w.values[key], scale)}}
}

func scaled(list nums, by float64) nums {
	if by == 1 {
		return list
	}
	out := make(nums, len(list))
	for i, v := range list {
		out[i] = v * by
	}
	return out
}

// highest is the largest value of a host's metric.
func (w *watched) highest(metric string) float64 {
	most := 0.0
	for _, v := range w.values["host/"+metric] {
		most = max(most, v)
	}
	return most
}

// appendNumber writes a number with four digits, and null for none.
func appendNumber(to []byte, v float64) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return append(to, "null"...)
	}
	return strconv.AppendFloat(to, v, 'g', 6, 64)
}
