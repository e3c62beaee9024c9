package monitor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"github.com/shirou/gopsutil/v4/process"

	"gazua.example/loadgen/census"
)

// Options say what is watched and where it is written.
type Options struct {
	Stack     census.Stack
	Folder    string        // it gets FileName
	Start     time.Time     // from which t counts; zero: now
	Every     time.Duration // between two lines
	Generator int           // pid of the load generator, which is watched too and with which the monitor ends; 0: none
	Say       io.Writer     // what a person should know
}

// bound is for how long a source may take of an interval: the rest is for writing.
func (o Options) bound() time.Duration { return o.Every * 7 / 10 }

// Shortest and longest interval between two lines.
const (
	ShortestEvery = 200 * time.Millisecond
	LongestEvery  = time.Minute
)

// Run watches until ctx ends, or the generator does.
func Run(ctx context.Context, o Options) (Cost, error) {
	if o.Every < ShortestEvery || o.Every > LongestEvery {
		return Cost{}, fmt.Errorf("the interval of the monitor must be from %s to %s, not %s", ShortestEvery, LongestEvery, o.Every)
	}
	if o.Start.IsZero() {
		o.Start = time.Now()
	}
	process.EnableBootTimeCache(true) // or it is read anew for each process
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		fmt.Fprintf(o.Say, "monitor: this machine (%s) has no /proc: of processes nothing is known, nor of pressure and TCP; the rest is written\n", runtime.GOOS)
	}
	file, err := os.OpenFile(filepath.Join(o.Folder, FileName), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return Cost{}, fmt.Errorf("begin the monitor's file: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	m := newMonitor(ctx, o, file)
	defer m.close()
	if err = m.begin(ctx); err == nil {
		err = m.run(ctx)
	}
	return costOfThis(), errors.Join(err, file.Close())
}

// monitor is the collector: it alone writes, and it alone decides who is asked.
type monitor struct {
	Options
	file     io.Writer
	follower follower
	living   atomic.Pointer[[]alive]
	fixed    []*asked          // sources that are there from the start
	programs map[alive]watched // one of each Go program that lives
	answers  chan answer
	pages    *http.Client
	closers  []func()
	tick     int
}

func newMonitor(ctx context.Context, o Options, file io.Writer) *monitor {
	m := &monitor{Options: o, file: file, programs: map[alive]watched{}, answers: make(chan answer, mostSources)}
	m.living.Store(&[]alive{})
	pages := &http.Transport{MaxIdleConnsPerHost: 1, MaxConnsPerHost: 1, DisableCompression: true}
	m.pages = &http.Client{Transport: pages}
	m.closers = append(m.closers, pages.CloseIdleConnections)
	m.serve(ctx, "the machine", newHost("/"))
	m.serve(ctx, "the processes", &processes{living: &m.living})
	m.serve(ctx, "the monitor", self{counters{}})
	return m
}

// begin adds the servers and writes the file's head.
func (m *monitor) begin(ctx context.Context) error {
	if m.Stack.MySQL != "" {
		db, err := openDatabase(m.Stack.MySQL, m.bound())
		if err != nil {
			return err
		}
		m.closers = append(m.closers, func() { _ = db.Close() })
		m.serve(ctx, "mysql", &server{db: db, counters: counters{}})
		m.serve(ctx, "open work", &work{db})
	}
	if len(m.Stack.Brokers) > 0 {
		k, err := newKafka(m.Stack.Brokers)
		if err != nil {
			return err
		}
		m.closers = append(m.closers, k.client.Close)
		m.serve(ctx, "kafka", k)
	}
	return m.writeHeader()
}

func (m *monitor) serve(ctx context.Context, name string, s source) {
	m.fixed = append(m.fixed, serve(ctx, name, s, m.bound(), m.answers))
}

func (m *monitor) close() {
	for _, end := range slices.Backward(m.closers) {
		end()
	}
}

// run writes a line an interval, at whole intervals from the start. Where the machine was too busy for one, it is left out.
func (m *monitor) run(ctx context.Context) error {
	parent := os.Getppid()
	for {
		next := m.Start.Add(time.Since(m.Start).Truncate(m.Every) + m.Every)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Until(next)):
		}
		if m.Generator != 0 && os.Getppid() != parent {
			return nil // the generator is gone, and nobody will end this process
		}
		if err := m.line(ctx); err != nil {
			return err
		}
	}
}

// line writes what this moment shows: first what happened, then the values.
func (m *monitor) line(ctx context.Context) error {
	now := time.Now()
	t := now.Sub(m.Start).Seconds()
	events, err := m.look(ctx)
	if err != nil {
		return err
	}
	m.tick++
	g := gather(m.sources(), m.tick, m.answers, time.After(m.bound()+m.Every/20))
	failed := 0
	for _, a := range g.answered {
		if a.err != nil {
			failed++
		}
		if a.from.failed != (a.err != nil) {
			a.from.failed = a.err != nil
			events = append(events, complaint(a))
		}
	}
	g.values.put("monitor", "late_sources", float64(g.late))
	g.values.put("monitor", "failed_sources", float64(failed))
	for _, event := range events {
		if err := m.write(Line{T: t, Event: event}); err != nil {
			return err
		}
	}
	return m.write(Line{T: t, Values: g.values})
}

func complaint(a answer) string {
	if a.err == nil {
		return a.from.name + " answers again"
	}
	return fmt.Sprintf("%s cannot be measured: %.200s", a.from.name, a.err)
}
