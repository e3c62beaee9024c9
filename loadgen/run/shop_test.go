package run

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// shop is a payment API that keeps what it is told, for stories: it declines where the token says so, pays asynchronously
// what shall be, gives back, and shows all of it.
type shop struct {
	mu       sync.Mutex
	payments map[string]*sold // by id
	answers  map[string]func(w http.ResponseWriter)
	paysIn   time.Duration // an asynchronous payment
	lies     bool          // what was given back is not shown
	deaf     bool          // a request that was answered before is answered 503
	pause    func()        // before each answer to a POST
	busy     int
	mostBusy int
}

type sold struct {
	Order    string `json:"order_id"`
	Amount   int64  `json:"amount"`
	Legs     []struct{ Token string }
	id       string
	declined bool
	paidAt   time.Time
	canceled int64
	cancels  int
}

// newShop opens a shop; the target around it is what the other tests' engines talk to.
func newShop(t *testing.T) (*shop, *target) {
	x := &shop{payments: map[string]*sold{}, answers: map[string]func(w http.ResponseWriter){}, pause: func() {}}
	server := httptest.NewServer(http.HandlerFunc(x.serve))
	t.Cleanup(server.Close)
	return x, &target{Server: server}
}

func (x *shop) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	id, _, canceling := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v1/payments/"), "/cancellations")
	x.mu.Lock()
	if r.Method == http.MethodGet {
		defer x.mu.Unlock()
		x.payments[id].show(w, x.lies)
		return
	}
	x.busy++
	x.mostBusy = max(x.mostBusy, x.busy)
	x.mu.Unlock()
	x.pause()
	x.mu.Lock()
	defer x.mu.Unlock()
	x.busy--
	key := r.URL.Path + r.Header.Get("Idempotency-Key")
	given := x.answers[key]
	switch {
	case given != nil && x.deaf:
		problem(w, 503, "unavailable")
		return
	case given != nil:
		w.Header().Set("Idempotent-Replayed", "true")
	case canceling:
		given = x.cancel(x.payments[id], body)
	default:
		given = x.sell(body, r.Header.Get("Prefer") != "")
	}
	x.answers[key] = given
	given(w)
}

func (x *shop) sell(body []byte, async bool) func(w http.ResponseWriter) {
	p := &sold{id: fmt.Sprint(len(x.payments) + 1), paidAt: time.Now()}
	_ = json.Unmarshal(body, p)
	x.payments[p.id] = p
	p.declined = strings.Contains(p.Legs[0].Token, "=decline")
	if async {
		p.paidAt = p.paidAt.Add(x.paysIn)
		return func(w http.ResponseWriter) {
			w.WriteHeader(202)
			fmt.Fprintf(w, `{"id":%q,"status":"ACCEPTED"}`, p.id)
		}
	}
	return func(w http.ResponseWriter) {
		w.WriteHeader(201)
		p.show(w, false)
	}
}

func (x *shop) cancel(p *sold, body []byte) func(w http.ResponseWriter) {
	var asked struct{ Amount int64 }
	_ = json.Unmarshal(body, &asked)
	if asked.Amount == 0 {
		asked.Amount = p.Amount - p.canceled
	}
	if p.canceled+asked.Amount > p.Amount {
		return func(w http.ResponseWriter) { problem(w, 422, "cancellation-exceeds") }
	}
	p.canceled += asked.Amount
	p.cancels++
	seq := p.cancels
	return func(w http.ResponseWriter) { canceled(w, 201, p.id, seq, "SUCCEEDED") }
}

func (p *sold) show(w http.ResponseWriter, lies bool) {
	state, back := "PAID", p.canceled
	switch {
	case time.Now().Before(p.paidAt):
		state = "PROCESSING"
	case p.declined:
		state = "FAILED"
	case lies:
		back = 0
	case back == p.Amount:
		state = "CANCELED"
	case back > 0:
		state = "PARTIALLY_CANCELED"
	}
	fmt.Fprintf(w, `{"id":%q,"order_id":%q,"status":%q,"amount":%d,"canceled_amount":%d}`, p.id, p.Order, state, p.Amount, back)
}
