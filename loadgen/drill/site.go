package drill

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"gazua.example/infra/stack/proc"
	"gazua.example/loadgen/census"
	"gazua.example/loadgen/internal/throwaway"
)

// site is the stack that a drill happens on, with the verbs that scripts use. Each verb gives an Act, which is done when the
// script says so. They go through the stack's own program, so that another way of running a stack has the same drills.
type site struct {
	stack     *throwaway.Stack
	variables map[string]string // of stack.env
	seen      map[string]int64  // how far each log had come when somebody last looked
	MySQL     *mysqlProxy       // between the programs and MySQL; nil unless the drill is Proxied
	collector *collector        // of what the programs export; nil unless the drill is Collected
	clocks    clocks            // of APIs and workers; none unless the drill is Clocked
}

func newSite(s *throwaway.Stack, proxy *mysqlProxy) (*site, error) {
	variables, err := census.Variables(s.File())
	if err != nil {
		return nil, err
	}
	return &site{stack: s, variables: variables, seen: map[string]int64{}, MySQL: proxy}, nil
}

func (s *site) verb(args ...string) Act {
	return func(ctx context.Context) error { return s.stack.Do(ctx, args...) }
}

// Kill ends a process at once (SIGKILL).
func (s *site) Kill(name string) Act { return s.verb("kill", name) }

// Start starts one and waits until it is ready.
func (s *site) Start(name string) Act { return s.verb("start", name) }

// Stop ends one as an operator would, and waits until it has ended.
func (s *site) Stop(name string) Act { return s.verb("stop", name) }

// Pause freezes one where it stands (SIGSTOP); Resume thaws it.
func (s *site) Pause(name string) Act { return s.verb("pause", name) }

// Resume lets a frozen one go on.
func (s *site) Resume(name string) Act { return s.verb("resume", name) }

// Terminate asks one to end (SIGTERM) and does not wait.
func (s *site) Terminate(name string) Act {
	return func(context.Context) error {
		r, err := proc.Load(s.variables["RUN_DIR"], name)
		if err != nil {
			return err
		}
		return r.Signal(syscall.SIGTERM)
	}
}

// Ended passes when a process does not run any more.
func (s *site) Ended(name string) Act {
	return func(context.Context) error {
		r, err := proc.Load(s.variables["RUN_DIR"], name)
		if err == nil && r.Alive() {
			err = fmt.Errorf("%s runs", name)
		}
		return err
	}
}

// Up passes when the balancer sends requests to this API, Down when it does not.
func (s *site) Up(api string) Act { return s.balanced(api, true) }

// Down passes when the balancer has taken an API out.
func (s *site) Down(api string) Act { return s.balanced(api, false) }

func (s *site) balanced(api string, want bool) Act {
	return func(ctx context.Context) error {
		page, err := get(ctx, s.stack.StatsURL()+"/;csv;norefresh")
		if err != nil {
			return err
		}
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(page, "# "))).ReadAll()
		if err != nil || len(rows) == 0 {
			return fmt.Errorf("HAProxy's statistics cannot be read: %w", err)
		}
		name, status := slices.Index(rows[0], "svname"), slices.Index(rows[0], "status")
		for _, row := range rows[1:] {
			if row[name] != api {
				continue
			}
			if strings.HasPrefix(row[status], "UP") != want {
				return fmt.Errorf("the balancer says that %s is %s", api, row[status])
			}
			return nil
		}
		return fmt.Errorf("the balancer knows no %s", api)
	}
}

// Ready passes when a process says that it can work, Unready when it says that it cannot; one that does not answer is neither.
func (s *site) Ready(name string) Act { return s.readiness(name, http.StatusOK) }

// Unready passes when a process answers that it cannot work.
func (s *site) Unready(name string) Act { return s.readiness(name, http.StatusServiceUnavailable) }

func (s *site) readiness(name string, want int) Act {
	return func(ctx context.Context) error {
		r, err := proc.Load(s.variables["RUN_DIR"], name)
		if err != nil {
			return err
		}
		status, body, err := ask(ctx, "http://"+r.Admin+"/readyz")
		if err == nil && status != want {
			err = fmt.Errorf("%s answers %d: %s", name, status, strings.TrimSpace(body))
		}
		return err
	}
}

// Metric passes when a series of a process's /metrics, whose line begins with this, holds what wanted says of its value.
func (s *site) Metric(name, series string, wanted func(float64) bool) Act {
	return func(ctx context.Context) error {
		r, err := proc.Load(s.variables["RUN_DIR"], name)
		if err != nil {
			return err
		}
		_, page, err := ask(ctx, "http://"+r.Admin+"/metrics")
		if err != nil {
			return err
		}
		for line := range strings.Lines(page) {
			var value float64
			if at := strings.LastIndexByte(line, ' '); strings.HasPrefix(line, series) && at > 0 {
				if _, err := fmt.Sscan(line[at+1:], &value); err == nil && wanted(value) {
					return nil
				}
			}
		}
		return fmt.Errorf("%s has no %s as it should be", name, series)
	}
}

// Logged passes when a process has written a line that has this message and these texts, since Seen.
func (s *site) Logged(name, message string, texts ...string) Act {
	return func(context.Context) error {
		return s.lines(name, func(line map[string]any, text string) error {
			if line["msg"] != message {
				return nil
			}
			for _, part := range texts {
				if !strings.Contains(text, part) {
					return nil
				}
			}
			return errFound
		})
	}
}

var (
	errFound     = errors.New("found")
	errNotLogged = errors.New("it is not in the log")
)

// lines reads what a process has logged since Seen.
func (s *site) lines(name string, each func(line map[string]any, text string) error) error {
	file, err := os.Open(s.log(name))
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := file.Seek(s.seen[name], io.SeekStart); err != nil {
		return err
	}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var line map[string]any
		if json.Unmarshal(lines.Bytes(), &line) != nil {
			continue // a panic's text, a line that is just being written
		}
		if err := each(line, lines.Text()); errors.Is(err, errFound) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return errNotLogged
}

// Seen forgets what these processes have logged so far.
func (s *site) Seen(names ...string) Act {
	return func(context.Context) error {
		for _, name := range names {
			info, err := os.Stat(s.log(name))
			if err != nil {
				return err
			}
			s.seen[name] = info.Size()
		}
		return nil
	}
}

func (s *site) log(name string) string { return filepath.Join(s.stack.Folder, "logs", name+".log") }

// Schedule tells the payment means what to do with every call whose token does not say it: a script of docs/mock-pg.md; ""
// takes it back.
func (s *site) Schedule(script string) Act {
	return func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodPut, s.variables["PG_ADMIN"]+"/schedule", strings.NewReader(script))
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return fmt.Errorf("set the mock PG's schedule: %w", err)
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusNoContent {
			return fmt.Errorf("set the mock PG's schedule to %s: it answers %s", script, response.Status)
		}
		return nil
	}
}

// fresh keeps no connection: each answer must come from the process that listens now.
var fresh = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

func ask(ctx context.Context, url string) (status int, body string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, "", err
	}
	answer, err := fresh.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 4<<20))
	return answer.StatusCode, string(text), err
}

func get(ctx context.Context, url string) (string, error) {
	status, body, err := ask(ctx, url)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("GET %s: %d: %.200s", url, status, body)
	}
	return body, err
}
