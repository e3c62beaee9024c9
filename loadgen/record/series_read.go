package record

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// maxPoint bounds a line of the series.
const maxPoint = 16 << 10

// ReadSeries yields the points of a run's folder in their order. A last line without its end is left out.
func ReadSeries(folder string, each func(Point) error) (SeriesHeader, error) {
	file, err := os.Open(seriesPath(folder))
	if err != nil {
		return SeriesHeader{}, fmt.Errorf("open the series: %w", err)
	}
	defer file.Close()
	head, err := decodeSeries(file, each)
	if err != nil {
		return head, fmt.Errorf("read %s: %w", seriesPath(folder), err)
	}
	return head, nil
}

func decodeSeries(from io.Reader, each func(Point) error) (head SeriesHeader, err error) {
	lines := bufio.NewReaderSize(from, maxPoint)
	for n := 1; ; n++ {
		line, err := lines.ReadSlice('\n')
		switch {
		case errors.Is(err, io.EOF) && n == 1:
			return head, errors.New("it has no first line")
		case errors.Is(err, io.EOF):
			return head, nil
		case err != nil:
			return head, fmt.Errorf("line %d: %w", n, err)
		}
		if n == 1 {
			if err := json.Unmarshal(line, &head); err != nil || head.Schema != SeriesSchema {
				return head, fmt.Errorf("its schema is %q; this program reads %q", head.Schema, SeriesSchema)
			}
			continue
		}
		p, err := DecodePoint(line)
		if err != nil {
			return head, fmt.Errorf("line %d: %w", n, err)
		}
		if err := each(p); err != nil {
			return head, err
		}
	}
}

// DecodePoint reads one line of the series.
func DecodePoint(line []byte) (p Point, err error) {
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&p); err != nil {
		return Point{}, fmt.Errorf("decode a point: %w", err)
	}
	if decoder.More() {
		return Point{}, errors.New("decode a point: more than one value")
	}
	return p, nil
}
