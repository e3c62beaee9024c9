package drill

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"text/template"
	"time"

	"gazua.example/loadgen/internal/overlay"
	"gazua.example/loadgen/internal/throwaway"
	"gazua.example/loadgen/report"
	"gazua.example/loadgen/run"
	"gazua.example/loadgen/scenario"
)

// Options of one drill.
type Options struct {
	Root     string // of the repository
	Bin      string // programs as they were built
	Servers  string // folder of a stack whose downloaded servers are used
	Out      string // the drill's own folder: the run, the programs, the stack
	N        int    // how often it breaks things
	Restarts int
	Rate     float64 // 0: the drill's
	Patch    *Control
	Keep     bool // the stack's folder
	Say      io.Writer
}

// Run carries a drill out. An error means that it says nothing: the stack did not start, the run could not be made.
func Run(ctx context.Context, d Drill, o Options) (outcome *Outcome, err error) {
	if err := os.MkdirAll(o.Out, 0o755); err != nil {
		return nil, err
	}
	if o.Out, err = filepath.Abs(o.Out); err != nil {
		return nil, err
	}
	bin := filepath.Join(o.Out, "bin")
	var edits []overlay.Edit
	if o.Patch != nil {
		edits = o.Patch.Edits
	}
	if d.Clocked {
		edits = slices.Concat(clockEdits, edits)
	}
	if err := overlay.Build(ctx, o.Root, edits, o.Bin, o.Out, bin, nil); err != nil {
		return nil, err
	}
	if err := adopt(); err != nil {
		return nil, err
	}
	w, err := open(ctx, d, o, bin)
	if err != nil {
		return nil, err
	}
	defer func() {
		err = errors.Join(err, w.close())
		if err == nil && !o.Keep {
			err = errors.Join(w.stack.Remove(), os.RemoveAll(bin))
		}
	}()
	return w.play(ctx, d, o)
}

// environment is what the stack's programs are told in this drill.
func (d Drill) environment(patch *Control) map[string]string {
	all := maps.Clone(settings)
	maps.Copy(all, d.Settings)
	if patch != nil {
		maps.Copy(all, patch.Settings)
	}
	return all
}

// world is a stack that is up, with the proxy before its MySQL where the drill wants one.
type world struct {
	*site
	close func() error
}

func open(ctx context.Context, d Drill, o Options, bin string) (*world, error) {
	offset, err := throwaway.FreeOffset()
	if err != nil {
		return nil, err
	}
	environment := d.environment(o.Patch)
	var set clocks
	if d.Clocked {
		if set, err = makeClocks(filepath.Join(o.Out, "clocks"), environment); err != nil {
			return nil, err
		}
	}
	var proxy *mysqlProxy
	if d.Proxied {
		if proxy, err = startProxy(ctx, throwaway.MySQLAddress(offset)); err != nil {
			return nil, err
		}
		environment["MYSQL_VIA"] = proxy.Addr()
	}
	collects, err := d.collect(environment)
	if err != nil {
		return nil, err
	}
	shut := func() error {
		if proxy == nil {
			return collects.Close()
		}
		return errors.Join(proxy.Close(), collects.Close())
	}
	stack, err := throwaway.Start(ctx, filepath.Join(o.Out, "stack"), bin, o.Servers, offset, environment)
	if err != nil {
		return nil, errors.Join(err, shut())
	}
	s, err := newSite(stack, proxy)
	if err != nil {
		return nil, errors.Join(err, stack.End(), shut())
	}
	s.collector, s.clocks = collects, set
	return &world{s, func() error { return errors.Join(stack.End(), shut()) }}, nil
}

// longest a drill's load may last: it ends when the script does.
const longest = time.Hour

// steady is the load of all drills.
var steady = template.Must(template.New("steady").Parse(`name: {{.Name}}
seed: 11
stages:
  - {name: steady, rate: {{.Rate}}, duration: {{.Longest}}}
async: 50%
cancel: 5%
replay: 5%
reuse_key: 1%
same_order: 1%
callback_refuse: 0%
broker_away: {{.Away}}
{{with .Mix}}mix:{{.}}{{end}}
means:
{{.Means}}
# A client that waits longer for an answer than any time-out of the system does, and then sends the same again.
client: {timeout: 10s, deadline: 120s, backoff_min: 100ms, backoff_max: 1s, poll_min: 200ms, poll_max: 1s}
settle: 120s
# A drill is judged by what became of the payments. Only a generator that was late itself makes it void.
gate: {lateness_p99: 1s, unsent: 1%, pg_added_p99: 60s, cpu_pressure: 100%, generator_cpu: 100%, gc_pause: 1s}
`))

const quickMeans = `  PG: {delay: fixed/20ms}
  POINT: {delay: fixed/5ms}
  COUPON: {delay: fixed/5ms}`

// load is the scenario of a drill.
func (d Drill) load(rate float64) (scenario.Scenario, []byte, error) {
	if rate == 0 {
		rate = d.Rate
	}
	if rate == 0 {
		rate = defaultRate
	}
	means := d.Means
	if means == "" {
		means = quickMeans
	}
	var text bytes.Buffer
	err := steady.Execute(&text, map[string]any{"Name": d.Name, "Rate": rate, "Longest": longest, "Away": d.Away, "Means": means, "Mix": d.Mix})
	if err != nil {
		return scenario.Scenario{}, nil, err
	}
	s, err := scenario.Read(d.Name+".yaml", text.Bytes())
	return s, text.Bytes(), err
}

// play runs the script beside the load, waits until all is settled and judged, and puts together what came of it.
func (w *world) play(ctx context.Context, d Drill, o Options) (*Outcome, error) {
	s, text, err := d.load(o.Rate)
	if err != nil {
		return nil, fmt.Errorf("the drill's load: %w", err)
	}
	file := w.stack.File()
	stack, err := run.ReadStack(file, func(string) (string, bool) { return "", false }) // this stack, whatever the environment names
	if err != nil {
		return nil, err
	}
	said, err := os.Create(filepath.Join(o.Out, "loadgen.txt"))
	if err != nil {
		return nil, err
	}
	defer said.Close()
	load, enough := context.WithCancelCause(ctx)
	defer enough(nil)
	scene := &Scene{drill: d, N: max(o.N, 1), Restarts: max(o.Restarts, 1), site: w.site, ctx: ctx, say: o.Say, exits: map[string][]int{}}
	begun, played := make(chan *report.Result, 1), make(chan struct{})
	go func() {
		defer close(played)
		result, ok := <-begun
		if !ok {
			return // nothing was sent
		}
		scene.start, scene.folder = result.Start, result.Folder
		d.Script(scene)
		scene.breaks = append(scene.breaks, Break{What: "the end", At: time.Since(scene.start)})
		enough(run.ErrEnough)
	}()
	result, err := run.Run(load, run.Options{
		Scenario: s, Text: text, Stack: stack, Runs: filepath.Join(o.Out, "runs"), MonitorStack: file, Command: []string{"loadgen", "drill", d.Name},
		Live: report.NewLive(said, 5*time.Second), Out: said, Begun: func(r *report.Result) { begun <- r; close(begun) },
	})
	if err != nil {
		select {
		case <-begun:
		default:
			close(begun)
		}
		enough(nil)
		<-played
		return nil, err
	}
	<-played
	return conclude(d, o, scene, result)
}
