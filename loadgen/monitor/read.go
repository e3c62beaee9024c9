package monitor

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"regexp"
)

// Recording is a monitor's file that is being read. A file is large, so it is gone through line by line.
type Recording struct {
	Header Header
	// Cut says, once all lines were read, that the last one was only half there: the monitor was killed while it wrote.
	Cut bool

	file  io.Closer
	lines *bufio.Reader
}

// lineBound bounds a line; one of forty processes has some fifty kilobytes.
const lineBound = 4 << 20

// Read opens the monitor's file of a run's folder; os.ErrNotExist when there is none.
func Read(folder string) (*Recording, error) {
	file, err := os.Open(filepath.Join(folder, FileName))
	if err != nil {
		return nil, fmt.Errorf("open what the monitor wrote: %w", err)
	}
	r, err := newRecording(file)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read %s: %w", file.Name(), err), file.Close())
	}
	r.file = file
	return r, nil
}

// Close ends the reading.
func (r *Recording) Close() error { return r.file.Close() }

func newRecording(from io.Reader) (*Recording, error) {
	r := &Recording{lines: bufio.NewReaderSize(from, 64<<10)}
	text, err := r.next()
	if err != nil {
		return nil, fmt.Errorf("its first line: %w", err)
	}
	if text == nil {
		return nil, errors.New("it is empty")
	}
	if err := strict(text, &r.Header); err != nil {
		return nil, fmt.Errorf("its first line: %w", err)
	}
	if r.Header.Schema != Schema {
		return nil, fmt.Errorf("its schema is %q, and %q is known here", r.Header.Schema, Schema)
	}
	if r.Header.Start.IsZero() {
		return nil, errors.New("its first line has no start")
	}
	return r, nil
}

// Lines gives every line in its order, once. After an error there are none.
func (r *Recording) Lines() iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		last := 0.0
		for n := 2; ; n++ {
			text, err := r.next()
			if err == nil && text == nil {
				return
			}
			var l Line
			if err == nil {
				l, err = decodeLine(text)
			}
			if err == nil && l.T < last {
				err = fmt.Errorf("its moment %g is before the last one, %g", l.T, last)
			}
			if err != nil {
				yield(Line{}, fmt.Errorf("%s, line %d: %w", FileName, n, err))
				return
			}
			last = l.T
			if !yield(l, nil) {
				return
			}
		}
	}
}

// next is the next whole line without its end, nil after the last one.
func (r *Recording) next() ([]byte, error) {
	var whole []byte
	for {
		part, err := r.lines.ReadSlice('\n')
		whole = append(whole, part...)
		switch {
		case len(whole) > lineBound:
			return nil, fmt.Errorf("it is over %d bytes long", lineBound)
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF):
			r.Cut = len(whole) > 0
			return nil, nil
		case err != nil:
			return nil, err
		}
		return bytes.TrimSuffix(whole, []byte("\n")), nil
	}
}

var keyForm = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{0,63}/[a-z0-9_]{1,64}$`)

func decodeLine(text []byte) (Line, error) {
	var raw struct {
		T     *float64           `json:"t"`
		V     map[string]float64 `json:"v"`
		Event string             `json:"event"`
	}
	if err := strict(text, &raw); err != nil {
		return Line{}, err
	}
	if raw.T == nil {
		return Line{}, errors.New("it has no moment t")
	}
	if (raw.V == nil) == (raw.Event == "") {
		return Line{}, errors.New("it must have either values v or an event")
	}
	for key := range raw.V {
		if !keyForm.MatchString(key) {
			return Line{}, fmt.Errorf("the key %.80q is not of the form process/metric", key)
		}
	}
	return Line{T: *raw.T, Values: raw.V, Event: raw.Event}, nil
}

// strict decodes one JSON value of known fields, with nothing behind it.
func strict(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the JSON")
	}
	return nil
}
