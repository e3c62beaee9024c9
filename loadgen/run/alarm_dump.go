package run

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"gazua.example/loadgen/census"
	"gazua.example/loadgen/dump"
	"gazua.example/loadgen/record"
)

// dumper dumps the goroutines of the stack's programs when the alarm rings, beside the run and without holding it up.
type dumper struct {
	alarm     *alarm
	stackFile string // empty: there is nothing to dump
	folder    string
	take      func(context.Context, census.Stack, string, dump.Options) (dump.Taken, error)

	wg    sync.WaitGroup
	fault error // of the dump, once wg is done
}

// dumpBound is how long a dump may take: three within four seconds as a rule, of a system in trouble.
const dumpBound = 30 * time.Second

func newDumper(stackFile, folder string) *dumper {
	return &dumper{alarm: newAlarm(), stackFile: stackFile, folder: folder, take: dump.Take}
}

// look takes the last point of the series.
func (d *dumper) look(p *record.Point) {
	if d.stackFile == "" {
		return
	}
	why := d.alarm.look(p)
	if why == "" {
		return
	}
	at := p.T
	d.wg.Go(func() { d.fault = d.dump(at, why) })
}

func (d *dumper) dump(at float64, why string) error {
	ctx, cancel := context.WithTimeout(context.Background(), dumpBound)
	defer cancel()
	stack, err := census.Read(d.stackFile, os.LookupEnv)
	if err != nil {
		return err
	}
	o := dump.Usual
	o.Why = why
	taken, err := d.take(ctx, stack, d.folder, o)
	if err != nil {
		return err
	}
	name := filepath.Base(taken.Text)
	return record.AppendMarker(d.folder, record.Marker{T: at, Kind: record.NoteMarker, Text: fmt.Sprintf("%s: goroutines dumped, dumps/%s", why, name)})
}

// wait ends when no dump is being taken any more; the error is why there is none.
func (d *dumper) wait() error {
	d.wg.Wait()
	return d.fault
}
