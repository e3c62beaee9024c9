package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Marker is something that a person wants to see on the time axis. Times are seconds since the run's start.
type Marker struct {
	T     float64    `json:"t"`
	Until float64    `json:"until,omitempty"` // 0: a moment
	Kind  MarkerKind `json:"kind"`
	Text  string     `json:"text"`
}

// MarkerKind says what sort of thing it is.
type MarkerKind string

// The kinds of markers.
const (
	StageMarker MarkerKind = "stage" // of the scenario
	FaultMarker MarkerKind = "fault" // made on purpose: a schedule of the mock, a drill
	NoteMarker  MarkerKind = "note"
)

// AppendMarker adds a marker to markers.jsonl of a run's folder. Whoever breaks something may call it, also from another
// process and after the run: a line is written at once and whole.
func AppendMarker(folder string, m Marker) error {
	if err := m.check(); err != nil {
		return err
	}
	line, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("encode a marker: %w", err)
	}
	file, err := os.OpenFile(markersPath(folder), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("open the markers: %w", err)
	}
	_, err = file.Write(append(line, '\n'))
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write a marker: %w", err)
	}
	return nil
}

func (m Marker) check() error {
	switch {
	case m.Kind != StageMarker && m.Kind != FaultMarker && m.Kind != NoteMarker:
		return fmt.Errorf("a marker has kind %q: it must be stage, fault or note", m.Kind)
	case m.Until != 0 && m.Until < m.T:
		return fmt.Errorf("the marker %q ends at %g s, before it begins at %g s", m.Text, m.Until, m.T)
	}
	return nil
}

func markersPath(folder string) string { return filepath.Join(folder, "markers.jsonl") }

// ReadMarkers reads those of a run's folder, in the order in which they were written; none is no error.
func ReadMarkers(folder string) ([]Marker, error) {
	text, err := os.ReadFile(markersPath(folder))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the markers: %w", err)
	}
	markers, err := decodeMarkers(text)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", markersPath(folder), err)
	}
	return markers, nil
}

func decodeMarkers(text []byte) (markers []Marker, err error) {
	for n, line := range bytes.Split(text[:bytes.LastIndexByte(text, '\n')+1], []byte("\n")) {
		if len(line) == 0 {
			continue
		}
		var m Marker
		if err := json.Unmarshal(line, &m); err != nil {
			return nil, fmt.Errorf("line %d: %w", n+1, err)
		}
		if err := m.check(); err != nil {
			return nil, fmt.Errorf("line %d: %w", n+1, err)
		}
		markers = append(markers, m)
	}
	return markers, nil
}
