package drill

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// Fault is what one of the payment means does from now on instead of what the tokens ask for.
type Fault struct {
	Means  string  `json:"means"`
	Script string  `json:"script"`          // of docs/mock-pg.md, such as gz1;charge=silent:after
	Share  float64 `json:"share,omitempty"` // of the requests; 0: all
}

// pg is a fault of all of the PG's operations that it names.
func pg(script string, share float64) Fault { return Fault{"PG", "gz1;" + script, share} }

// Faults begins these; the later ones go first. They go before the tokens' own scripts, and end those that were there.
func (s *site) Faults(faults ...Fault) Act {
	type entry struct {
		After    string `json:"after"`
		For      string `json:"for"`
		Override bool   `json:"override"`
		Fault
	}
	document := map[string][]entry{}
	for _, f := range faults {
		document["entries"] = append(document["entries"], entry{"0s", longest.String(), true, f})
	}
	return func(ctx context.Context) error {
		body, err := json.Marshal(document)
		if err != nil {
			return err
		}
		return s.toMeans(ctx, http.MethodPut, body)
	}
}

// NoFaults makes the payment means do what the tokens ask for.
func (s *site) NoFaults() Act {
	return func(ctx context.Context) error { return s.toMeans(ctx, http.MethodDelete, nil) }
}

// toMeans says it to every instance of the mock.
func (s *site) toMeans(ctx context.Context, method string, body []byte) error {
	for admin := range strings.SplitSeq(s.variables["PG_ADMIN"], ",") {
		request, err := http.NewRequestWithContext(ctx, method, admin+"/faults", bytes.NewReader(body))
		if err != nil {
			return err
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return fmt.Errorf("change the mock PG's faults: %w", err)
		}
		answer.Body.Close()
		if answer.StatusCode >= http.StatusMultipleChoices {
			return fmt.Errorf("change the mock PG's faults to %s: it answers %s", body, answer.Status)
		}
	}
	return nil
}

// The states of a breaker, as its metric tells them.
const (
	closed = 0
	opened = 2
)

// Breaker passes when every one of these processes says that its breaker before the PG is in this state, AnyBreaker when one
// of them does.
func (s *site) Breaker(state float64, names ...string) Act {
	return func(ctx context.Context) error {
		for _, name := range names {
			if err := s.breaker(ctx, state, name); err != nil {
				return err
			}
		}
		return nil
	}
}

// AnyBreaker passes when one of them does.
func (s *site) AnyBreaker(state float64, names ...string) Act {
	return func(ctx context.Context) (err error) {
		for _, name := range names {
			if err = s.breaker(ctx, state, name); err == nil {
				return nil
			}
		}
		return err
	}
}

func (s *site) breaker(ctx context.Context, state float64, name string) error {
	return s.Metric(name, `gazua_breaker_state{means="PG"`, func(is float64) bool { return is == state })(ctx)
}
