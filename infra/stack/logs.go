package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

const (
	logLines  = 100
	tailBytes = 64 << 10 // the last lines are looked for in this much of the file's end
	followGap = 300 * time.Millisecond
)

// logs writes the end of a process's log and, when asked, what is appended to it until Ctrl-C.
func (s *stack) logs(ctx context.Context, w io.Writer, name string, follow bool) error {
	p, _, err := s.named(name)
	if err != nil {
		return err
	}
	file, err := os.Open(p.Log)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s has no log: it was never started", name)
	}
	if err != nil {
		return fmt.Errorf("read the log of %s: %w", name, err)
	}
	defer file.Close()
	if _, err := fmt.Fprint(w, tail(p.Log, logLines)); err != nil || !follow {
		return err
	}
	if _, err := file.Seek(0, io.SeekEnd); err != nil {
		return fmt.Errorf("follow the log of %s: %w", name, err)
	}
	for ctx.Err() == nil {
		if _, err := io.Copy(w, file); err != nil {
			return fmt.Errorf("follow the log of %s: %w", name, err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(followGap):
		}
	}
	return nil
}

// tail is the last lines of a file, or why they cannot be read.
func tail(path string, lines int) string {
	file, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.Size() > tailBytes {
		_, _ = file.Seek(-tailBytes, io.SeekEnd) // at worst the whole file is read
	}
	text, err := io.ReadAll(file)
	if err != nil {
		return err.Error()
	}
	at := len(text)
	for range lines + 1 {
		if at = bytes.LastIndexByte(text[:max(at, 0)], '\n'); at < 0 {
			return string(text)
		}
	}
	return string(text[at+1:])
}
