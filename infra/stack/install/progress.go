package install

import (
	"fmt"
	"io"
	"os"
	"time"
)

// Progress shows long work: Say ends a line, Update replaces the last one on a terminal.
type Progress interface {
	Say(line string)
	Update(line string)
}

// Silent shows nothing; tests use it.
type Silent struct{}

// Say drops the line.
func (Silent) Say(string) {}

// Update drops the line.
func (Silent) Update(string) {}

// quietEvery is how often Update writes a line where lines cannot be replaced (a log file, CI).
const quietEvery = 3 * time.Second

// NewProgress writes to file; on a terminal the current line is rewritten.
func NewProgress(file *os.File) Progress {
	info, err := file.Stat()
	return &lines{out: file, terminal: err == nil && info.Mode()&os.ModeCharDevice != 0}
}

type lines struct {
	out      io.Writer
	terminal bool
	open     bool // the last line was not ended
	last     time.Time
}

func (l *lines) Say(line string) {
	if l.open {
		fmt.Fprintln(l.out)
		l.open = false
	}
	fmt.Fprintln(l.out, line)
}

func (l *lines) Update(line string) {
	switch {
	case l.terminal:
		fmt.Fprintf(l.out, "\r\033[K%s", line)
		l.open = true
	case time.Since(l.last) >= quietEvery:
		fmt.Fprintln(l.out, line)
		l.last = time.Now()
	}
}
