package verify

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// get asks a source over HTTP; what names it in errors.
func get(ctx context.Context, what, address string, read func(io.Reader) error) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return fmt.Errorf("ask %s: %w", what, err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("ask %s: %w", what, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("ask %s at %s: it answers %s", what, address, response.Status)
	}
	if err := read(response.Body); err != nil {
		return fmt.Errorf("read %s: %w", what, err)
	}
	return nil
}

// maxSourceLine bounds a line of the book and of a statement.
const maxSourceLine = 64 << 10

// eachLine reads lines up to the end; one without its end was torn off, which is an error.
func eachLine(body io.Reader, each func(line []byte) error) error {
	lines := bufio.NewReaderSize(body, maxSourceLine)
	for n := 1; ; n++ {
		line, err := lines.ReadSlice('\n')
		if errors.Is(err, io.EOF) && len(bytes.TrimSpace(line)) == 0 {
			return nil
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		if err := each(line); err != nil {
			return err
		}
	}
}
