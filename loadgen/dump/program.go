package dump

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// program is the admin page of one Go program.
type program struct {
	name   string
	admin  string // host:port
	client *http.Client
}

// dumpBound is how much of a dump is read: the runtime itself ends at 64 MiB.
const (
	dumpBound    = 64 << 20
	profileBound = 16 << 20
	pageWait     = 10 * time.Second
)

// goroutines takes one dump. The program stands still while its stacks are written, some milliseconds for a thousand of them.
func (p program) goroutines(ctx context.Context) (text []byte, took time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, pageWait)
	defer cancel()
	began := time.Now()
	text, status, err := p.ask(ctx, http.MethodGet, "/debug/pprof/goroutine", url.Values{"debug": {"2"}}, dumpBound)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("it answers %d to /debug/pprof/goroutine", status)
	}
	return text, time.Since(began), err
}

// Which share of the waits the profiles see: one contended lock of mutexShare, and of the waits for channels and the like
// those of blockNanos, shorter ones by chance. Both cost next to nothing and are switched off again by themselves.
const (
	mutexShare = 10
	blockNanos = 100_000
)

// contention measures for a while what waiting costs: it switches the profiles on, and asks for what they gained.
func (p program) contention(ctx context.Context, lasting time.Duration) *Contention {
	seconds := max(1, int(lasting.Seconds()))
	c := &Contention{Seconds: float64(seconds)}
	ctx, cancel := context.WithTimeout(ctx, lasting+pageWait)
	defer cancel()
	on := url.Values{"mutex": {strconv.Itoa(mutexShare)}, "block": {strconv.Itoa(blockNanos)}, "for": {fmt.Sprintf("%ds", seconds+1)}}
	text, status, err := p.ask(ctx, http.MethodPost, "/debug/profiling", on, 1<<10)
	switch {
	case err != nil:
		c.Note = err.Error()
		return c
	case status == http.StatusNotFound:
		c.Note = "this program cannot switch its profiles on (it has no /debug/profiling)"
		return c
	case status != http.StatusOK:
		c.Note = fmt.Sprintf("its profiles cannot be switched on: %d %.100s", status, text)
		return c
	}
	block := make(chan error, 1)
	go func() {
		var err error
		c.Block, err = p.profile(ctx, "block", "", seconds)
		block <- err
	}()
	c.Mutex, err = p.profile(ctx, "mutex", "lock", seconds)
	for _, err := range []error{err, <-block} {
		if err != nil {
			c.Note = err.Error()
		}
	}
	return c
}

func (p program) profile(ctx context.Context, name, kind string, seconds int) ([]Spot, error) {
	text, status, err := p.ask(ctx, http.MethodGet, "/debug/pprof/"+name, url.Values{"seconds": {strconv.Itoa(seconds)}}, profileBound)
	if err != nil {
		return nil, err
	}
	if status != http.StatusOK {
		return nil, fmt.Errorf("it answers %d to /debug/pprof/%s: %.100s", status, name, text)
	}
	return spots(text, kind)
}

func (p program) ask(ctx context.Context, method, path string, query url.Values, bound int64) ([]byte, int, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://"+p.admin+path+"?"+query.Encode(), nil)
	if err != nil {
		return nil, 0, fmt.Errorf("ask %s: %w", p.name, err)
	}
	answer, err := p.client.Do(request)
	if err != nil {
		return nil, 0, fmt.Errorf("ask %s: %w", p.name, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, bound))
	if err != nil {
		return nil, 0, fmt.Errorf("read the answer of %s: %w", p.name, err)
	}
	return text, answer.StatusCode, nil
}
