package failures_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// answer is what a request was answered, and after what time.
type answer struct {
	what     string // status, and the problem's name or the payment's state and reason
	location string
	took     time.Duration
}

func (a *api) send(ctx context.Context, method, path, body string, header ...string) answer {
	began := time.Now()
	r, err := http.NewRequestWithContext(ctx, method, a.url+path, strings.NewReader(body))
	if err != nil {
		return answer{what: err.Error()}
	}
	r.Header.Set("Authorization", "Bearer "+apiKey)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := a.client.Do(r)
	if err != nil {
		return answer{what: "no answer", took: time.Since(began)}
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	took := time.Since(began)
	var view struct{ Type, Status, Reason any }
	_ = json.Unmarshal(text, &view) // what is not JSON has none of it
	what := fmt.Sprint(response.StatusCode)
	if name, is := view.Type.(string); is {
		what += " " + name[strings.LastIndexByte(name, '/')+1:]
	} else if state, is := view.Status.(string); is {
		what += " " + state
		if view.Reason != nil {
			what += fmt.Sprintf("(%s)", view.Reason)
		}
	}
	return answer{what, response.Header.Get("Location"), took}
}

var orders atomic.Int64

// pay asks for a payment by one means, with a token that says what the means shall do.
func (a *api) pay(ctx context.Context, means, token string, header ...string) answer {
	n := orders.Add(1)
	body := fmt.Sprintf(`{"order_id":"f-%d","amount":1000,"currency":"KRW","legs":[{"means":%q,"amount":1000,"token":%q}]}`, n, means, token)
	return a.send(ctx, http.MethodPost, "/v1/payments", body, append(header, "Content-Type", "application/json", "Idempotency-Key", fmt.Sprintf("k-%d", n))...)
}

func (a *api) card(ctx context.Context) answer  { return a.pay(ctx, "PG", "gz1;seed=1") }
func (a *api) point(ctx context.Context) answer { return a.pay(ctx, "POINT", "gz1;seed=1") }
func (a *api) async(ctx context.Context) answer {
	return a.pay(ctx, "POINT", "gz1;seed=1", "Prefer", "respond-async")
}

// get looks at a payment that is there.
func (a *api) get(location string) func(context.Context) answer {
	return func(ctx context.Context) answer { return a.send(ctx, http.MethodGet, location, "") }
}

// aPayment is one that is paid.
func (a *api) aPayment(t *testing.T) (location string) {
	t.Helper()
	paid := a.point(t.Context())
	if paid.what != "201 PAID" {
		t.Fatalf("with everything there: %s", paid.what)
	}
	return paid.location
}

// stream sends requests at a rate that does not wait for the answers.
type stream struct {
	name string
	rate int // a second
	send func(context.Context) answer
	all  []answer
}

// run lets all of them run for some time and waits for their last answers.
func run(ctx context.Context, how time.Duration, streams ...*stream) {
	var all sync.WaitGroup
	for _, s := range streams {
		s.all = make([]answer, int(how.Seconds()*float64(s.rate)))
		all.Go(func() {
			began := time.Now()
			for i := range s.all {
				time.Sleep(time.Until(began.Add(time.Duration(i) * time.Second / time.Duration(s.rate))))
				all.Go(func() { s.all[i] = s.send(ctx) })
			}
		})
	}
	all.Wait()
}

// last are the answers to what was sent in the last part of the run.
func (s *stream) last(part float64) []answer {
	return s.all[len(s.all)-int(part*float64(len(s.all))):]
}

// quantile of what the answers took.
func quantile(answers []answer, q float64) time.Duration {
	took := make([]time.Duration, len(answers))
	for i, a := range answers {
		took[i] = a.took
	}
	slices.Sort(took)
	return took[min(int(q*float64(len(took))), len(took)-1)]
}

// counts is how often each answer came, the most frequent first.
func counts(answers []answer) string {
	count := map[string]int{}
	for _, a := range answers {
		count[a.what]++
	}
	names := slices.SortedFunc(maps.Keys(count), func(a, b string) int { return cmp.Or(count[b]-count[a], strings.Compare(a, b)) })
	for i, name := range names {
		names[i] = fmt.Sprintf("%d × %s", count[name], name)
	}
	return strings.Join(names, ", ")
}

// show is a line for docs/failure-modes.md.
func show(t *testing.T, when, what string, answers []answer) {
	t.Helper()
	t.Logf("│ %s │ %s │ p50 %s, p99 %s │ %s", when, what, round(quantile(answers, 0.5)), round(quantile(answers, 0.99)), counts(answers))
}

func round(d time.Duration) time.Duration {
	if d > time.Second {
		return d.Round(100 * time.Millisecond)
	}
	return d.Round(100 * time.Microsecond)
}

// only says that all answers are one of these.
func only(t *testing.T, when string, answers []answer, allowed ...string) {
	t.Helper()
	for _, a := range answers {
		if !slices.Contains(allowed, a.what) {
			t.Errorf("%s: %s after %s, want one of %v", when, a.what, a.took, allowed)
		}
	}
}

func quick(t *testing.T, when string, answers []answer, bound time.Duration) {
	t.Helper()
	if got := quantile(answers, 0.99); got > bound {
		t.Errorf("%s: p99 is %s, want at most %s", when, got, bound)
	}
}
