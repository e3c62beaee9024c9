package lifecycle

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// told is a program that somebody sends signals to, without a process around it.
type told struct {
	context.Context
	signals chan os.Signal
	log     bytes.Buffer
}

// inBubble runs a shutdown on a clock of its own.
func inBubble(t *testing.T, do func(t *testing.T, p *told)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := &told{signals: make(chan os.Signal, 3)}
		ctx, cancel := watch(p.signals)
		defer cancel()
		p.Context = ctx
		do(t, p)
	})
}

func (p *told) stop(phases ...Phase) error {
	p.signals <- syscall.SIGTERM
	<-p.Done()
	return Stop(p, slog.New(slog.NewJSONHandler(&p.log, nil)), phases...)
}

// again sends one more signal after a while.
func (p *told) again(after time.Duration) {
	time.AfterFunc(after, func() { p.signals <- syscall.SIGTERM })
}

// line is one of a shutdown's lines in the log, with the fields that its readers read.
type line struct {
	Msg, Signal, Phase, Outcome, Error, Left, Reason string
	InFlight                                         string  `json:"in_flight"`
	Bound                                            float64 `json:"bound_ms"`
	Elapsed                                          float64 `json:"elapsed_ms"`
	Code                                             *int
}

func (p *told) lines(t *testing.T) (lines []line) {
	t.Helper()
	for text := range strings.Lines(p.log.String()) {
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, l)
	}
	return lines
}

func (p *told) outcomes(t *testing.T) string {
	t.Helper()
	var all []string
	for _, l := range p.lines(t) {
		if l.Msg == "shutdown phase" {
			all = append(all, l.Phase+":"+l.Outcome)
		}
	}
	return strings.Join(all, " ")
}

func taking(name string, d time.Duration) Phase {
	return Phase{Name: name, Bound: 10 * time.Second, Do: func(ctx context.Context) error { return Pause(ctx, d) }}
}
