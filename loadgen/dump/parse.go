package dump

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"

	"github.com/maruel/panicparse/v2/stack"
)

// goroutine is one of a dump.
type goroutine struct {
	id        int
	state     string
	minutes   int
	frames    []frame // the innermost first
	createdBy frame
}

// frame is one call. self is the address of the method's receiver, or of the first argument; 0 when it is not known.
type frame struct {
	function string // with its package: net/http.(*conn).serve
	file     string // with its folder: http/server.go
	line     int
	self     uint64
}

func (f frame) String() string {
	if f.function == "" {
		return ""
	}
	return fmt.Sprintf("%s %s:%d", f.function, f.file, f.line)
}

// Go writes labels of pprof.Do into the brackets of a header, where panicparse would take them for a part of the state.
// Their values are quoted, and may hold anything.
var labels = regexp.MustCompile(`(?m)^(goroutine \d+ [^\n]*?) ?labels:\{[^\n]*\}(\]:)$`)

// parse reads what /debug/pprof/goroutine?debug=2 gives.
func parse(text []byte) ([]goroutine, error) {
	text = labels.ReplaceAll(text, []byte("$1$2"))
	snapshot, err := scan(text)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read the goroutines: %w", err)
	}
	if snapshot == nil || snapshot.IsRace() {
		return nil, errors.New("read the goroutines: there are none in it")
	}
	all := make([]goroutine, 0, len(snapshot.Goroutines))
	for _, g := range snapshot.Goroutines {
		one := goroutine{id: g.ID, state: g.State, minutes: g.SleepMax}
		for i := range g.Stack.Calls {
			one.frames = append(one.frames, frameOf(&g.Stack.Calls[i]))
		}
		if len(g.CreatedBy.Calls) > 0 {
			one.createdBy = frameOf(&g.CreatedBy.Calls[0])
		}
		all = append(all, one)
	}
	return all, nil
}

// scan is panicparse's reader. Its options that name arguments and read the sources are off: the one is quadratic, the other
// reads the disk. It panics at some texts that no Go program writes (fuzzing found them, testdata/fuzz); here that is an error.
func scan(text []byte) (snapshot *stack.Snapshot, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			snapshot, err = nil, fmt.Errorf("panicparse cannot read it: %v", fault)
		}
	}()
	snapshot, _, err = stack.ScanSnapshot(bytes.NewReader(text), io.Discard, &stack.Opts{})
	return snapshot, err
}

// creator is what Go adds to "created by": it would make every goroutine's origin a different one.
var creator = regexp.MustCompile(` in goroutine \d+$`)

func frameOf(c *stack.Call) frame {
	f := frame{function: creator.ReplaceAllString(c.Func.Complete, ""), file: c.DirSrc, line: c.Line}
	if values := c.Args.Values; len(values) > 0 && !values[0].IsAggregate && !values[0].IsInaccurate {
		f.self = values[0].Value
	}
	return f
}
