package monitor

import (
	"encoding/json"
	"fmt"
)

func (m *monitor) writeHeader() error {
	text, err := json.Marshal(Header{Schema: Schema, Start: m.Start.UTC(), Units: units()})
	if err != nil {
		return fmt.Errorf("encode the head of %s: %w", FileName, err)
	}
	return m.append(append(text, '\n'))
}

func (m *monitor) write(l Line) error {
	text, err := l.encode()
	if err != nil {
		return err
	}
	return m.append(text)
}

// append writes one whole line at once: who is killed leaves at most its last line cut, which a reader passes over.
func (m *monitor) append(line []byte) error {
	if _, err := m.file.Write(line); err != nil {
		return fmt.Errorf("write the monitor's file: %w", err)
	}
	return nil
}
