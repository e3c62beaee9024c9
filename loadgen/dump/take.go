package dump

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"gazua.example/loadgen/census"
)

// Options say how often dumps are taken. The zero value takes one.
type Options struct {
	Repeat int           // dumps of each program
	Every  time.Duration // between two
	Why    string        // for the report: "asked", "p99 rose"
}

// Usual is what a person wants who says nothing else: what grows shows within some seconds.
var Usual = Options{Repeat: 3, Every: 2 * time.Second}

// Bounds of the options.
const (
	MostRepeat = 60
	LeastEvery = 100 * time.Millisecond
	MostEvery  = time.Minute
)

// Taken is a report and where it was written, as text and as JSON. Beside them lies the last dump of each program as it came.
type Taken struct {
	Report Report
	Text   string // path
	JSON   string
}

// Take dumps all programs of the stack and writes folder/dumps/<time>.txt and .json. A program that does not answer has a note
// in the report; an error is that nothing could be asked or written.
func Take(ctx context.Context, stack census.Stack, folder string, o Options) (Taken, error) {
	o.Repeat = max(o.Repeat, 1)
	if o.Repeat > MostRepeat || o.Repeat > 1 && (o.Every < LeastEvery || o.Every > MostEvery) {
		return Taken{}, fmt.Errorf("a dump can be repeated up to %d times, every %s to %s", MostRepeat, LeastEvery, MostEvery)
	}
	processes, err := stack.Processes()
	if err != nil {
		return Taken{}, err
	}
	if len(processes) == 0 {
		return Taken{}, errors.New("no process of the stack is known here: RUN_DIR names no folder with their records")
	}
	report := Report{
		Schema: Schema, Taken: time.Now().UTC().Truncate(time.Millisecond), Why: o.Why, Dumps: o.Repeat,
		Seconds: (time.Duration(o.Repeat-1) * o.Every).Seconds(), Processes: make([]Process, len(processes)),
	}
	name := filepath.Join(folder, "dumps", report.Taken.Format("20060102T150405.000Z"))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return Taken{}, fmt.Errorf("make the folder of the dumps: %w", err)
	}
	transport := &http.Transport{MaxConnsPerHost: 4} // a dump beside the two profiles
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	var group sync.WaitGroup
	for i, p := range processes {
		group.Go(func() {
			var last []byte
			report.Processes[i], last = watch(ctx, client, p, o)
			if len(last) > 0 {
				_ = os.WriteFile(name+"."+p.Name+".raw.txt", last, 0o644) // the report has all that matters
			}
		})
	}
	group.Go(func() { report.MySQL = askMySQL(ctx, stack.MySQL) })
	group.Wait()
	return write(report, name)
}

// watch takes the dumps of one process, and measures what waiting costs between the first and the last.
func watch(ctx context.Context, client *http.Client, p census.Process, o Options) (found Process, last []byte) {
	found.Name = p.Name
	if !p.Alive() {
		found.Note = "it does not run"
		return found, nil
	}
	if p.Admin == "" {
		found.Note = "it has no page of goroutines"
		return found, nil
	}
	page := program{name: p.Name, admin: p.Admin, client: client}
	measured := make(chan *Contention, 1)
	if o.Repeat > 1 {
		go func() { measured <- page.contention(ctx, time.Duration(o.Repeat-1)*o.Every) }()
	} else {
		measured <- nil
	}
	var dumps [][]group
	var all []goroutine
	for i := range o.Repeat {
		if i > 0 && !pause(ctx, o.Every) {
			break
		}
		text, took, err := page.goroutines(ctx)
		if err == nil {
			all, err = parse(text)
		}
		if err != nil {
			found.Note = err.Error()
			break
		}
		last = text
		dumps = append(dumps, gather(all))
		found.Goroutines = append(found.Goroutines, len(all))
		found.TookMS = append(found.TookMS, float64(took.Microseconds())/1000)
	}
	if len(dumps) > 0 {
		groups := dumps[len(dumps)-1]
		for _, g := range groups[:min(len(groups), mostBuckets)] {
			found.Buckets = append(found.Buckets, g.bucket())
		}
		found.Waits, found.Growing = waits(all), growing(dumps)
	}
	found.Contention = <-measured
	return found, last
}

// pause waits, and says whether it was let.
func pause(ctx context.Context, lasting time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(lasting):
		return true
	}
}

func write(r Report, name string) (Taken, error) {
	t := Taken{Report: r, Text: name + ".txt", JSON: name + ".json"}
	encoded, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return t, fmt.Errorf("encode the dump: %w", err)
	}
	var text strings.Builder
	r.WriteText(&text)
	if err := errors.Join(os.WriteFile(t.JSON, append(encoded, '\n'), 0o644), os.WriteFile(t.Text, []byte(text.String()), 0o644)); err != nil {
		return t, fmt.Errorf("write the dump: %w", err)
	}
	return t, nil
}
