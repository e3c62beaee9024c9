package httpapi

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"gazua.example/payment-api/payment"
)

// kindsOf reads the constants of type Kind out of a source file, so that a new one cannot be forgotten here.
func kindsOf(t *testing.T, file string) []payment.Kind {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []payment.Kind
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || spec.Type == nil || !strings.HasSuffix(fmt.Sprint(spec.Type), "Kind") && !isSelectorKind(spec.Type) {
			return true
		}
		for _, value := range spec.Values {
			text, err := strconv.Unquote(value.(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			kinds = append(kinds, payment.Kind(text))
		}
		return true
	})
	return kinds
}

func isSelectorKind(e ast.Expr) bool {
	s, ok := e.(*ast.SelectorExpr)
	return ok && s.Sel.Name == "Kind"
}

func TestProblems_EveryKindHasItsStatusAndTitle(t *testing.T) {
	ours, theirs := kindsOf(t, "problem.go"), kindsOf(t, "../payment/errors.go")
	if len(ours) < 6 || len(theirs) < 7 {
		t.Fatalf("found %v and %v only", ours, theirs)
	}
	for _, kind := range append(ours, theirs...) {
		if p := problems[kind]; p.status < 400 || p.title == "" {
			t.Errorf("kind %s has no entry in problems", kind)
		}
	}
	if n := len(ours) + len(theirs); len(problems) != n {
		t.Errorf("%d kinds, %d entries", n, len(problems))
	}
}

func TestProblem_EachErrorOfTheDomain(t *testing.T) {
	const creates, cancels, both = "creates", "cancels", "creates cancels"
	for kind, c := range map[payment.Kind]struct {
		status int
		slug   string
		verbs  string
		again  time.Duration // whether trying again helps, and when
	}{
		payment.KindInvalid:       {400, "invalid-request", both, 0},
		payment.KindNotFound:      {404, "not-found", cancels, 0},
		payment.KindKeyReused:     {422, "idempotency-key-reused", both, 0},
		payment.KindInProgress:    {409, "request-in-progress", both, 1500 * time.Millisecond},
		payment.KindOrderBusy:     {409, "order-in-progress", creates, 1500 * time.Millisecond},
		payment.KindOrderPaid:     {409, "order-already-paid", creates, 0},
		payment.KindNotPaid:       {409, "payment-not-paid", cancels, 1500 * time.Millisecond},
		payment.KindPaymentFailed: {409, "payment-failed", cancels, 0},
		payment.KindCancelBusy:    {409, "cancellation-in-progress", cancels, 1500 * time.Millisecond},
		payment.KindCancelExceeds: {422, "cancellation-exceeds", cancels, 0},
		payment.KindCouponWhole:   {422, "coupon-not-divisible", cancels, 0},
		payment.KindCancelTooLate: {422, "cancellation-window-passed", cancels, 0},
		payment.KindArchived:      {410, "archived", cancels, 0},
		payment.KindUnavailable:   {503, "unavailable", both, 1500 * time.Millisecond},
		payment.KindBacklogFull:   {503, "backlog-full", creates, 1500 * time.Millisecond},
	} {
		for verb := range strings.FieldsSeq(c.verbs) {
			t.Run(c.slug+" "+verb, func(t *testing.T) {
				err := &payment.Error{Kind: kind, Detail: "for people", Payment: 7, RetryAfter: c.again, Cause: errors.New("dial tcp 10.0.0.1:3306")}
				d := open(t, &fakeDomain{
					create: func(*payment.Request) (payment.Created, error) { return payment.Created{}, err },
					cancel: func(payment.ID, *payment.CancelRequest) (payment.Canceled, error) { return payment.Canceled{}, err },
				})
				var got reply
				if verb == creates {
					got = d.post(good, with("Prefer", "respond-async"))
				} else {
					got = d.postTo("/v1/payments/7/cancellations", "{}")
				}
				got.isProblem(t, c.status, c.slug)
				if want := map[bool]string{true: "2"}[c.again > 0]; got.header.Get("Retry-After") != want { // whole seconds, rounded up
					t.Errorf("Retry-After %q, want %q", got.header.Get("Retry-After"), want)
				}
				if !strings.Contains(got.body, `"payment_id":"7"`) || !strings.Contains(got.body, "for people") || strings.Contains(got.body, "10.0.0.1") {
					t.Errorf("body %s", got.body)
				}
				for _, name := range []string{"Location", "Idempotent-Replayed", "Preference-Applied"} {
					if got.header.Get(name) != "" {
						t.Errorf("%s: %s with a problem", name, got.header.Get(name))
					}
				}
			})
		}
	}
}

func TestProblem_AnUnknownError_IsA500ThatTellsNothing(t *testing.T) {
	d := open(t, &fakeDomain{create: func(*payment.Request) (payment.Created, error) {
		return payment.Created{}, errors.New("Error 1054: Unknown column 'secret'")
	}})
	got := d.post(good)
	got.isProblem(t, 500, "internal-error")
	if strings.Contains(got.body, "secret") || !strings.Contains(d.log.String(), "secret") {
		t.Errorf("body %s\nlog %s", got.body, d.log)
	}
}

func TestProblem_APanic_IsA500_AndTheLogSaysWhere(t *testing.T) {
	d := open(t, &fakeDomain{create: func(*payment.Request) (payment.Created, error) { panic("no move from PAID to secret") }})
	got := d.post(good)
	got.isProblem(t, 500, "internal-error")
	if strings.Contains(got.body, "secret") {
		t.Errorf("body %s", got.body)
	}
	if log := d.log.String(); !strings.Contains(log, "no move from PAID to secret") || !strings.Contains(log, "problem_test.go") {
		t.Errorf("the log does not say where: %s", log)
	}
	d.domain.create = nil
	if got := d.post(good); got.status != 201 {
		t.Errorf("after the panic: status %d", got.status)
	}
	if n := len(d.api.places); n != 0 {
		t.Errorf("%d places are still taken", n)
	}
}

func TestProblem_APanic_IsCounted(t *testing.T) {
	d, metrics := openAsInEarnest(t, &fakeDomain{create: func(*payment.Request) (payment.Created, error) { panic("a mistake") }})
	for range 2 {
		d.post(good, with("Authorization", "Bearer "+secretKey)).isProblem(t, 500, "internal-error")
	}
	page := httptest.NewRecorder()
	metrics.ServeHTTP(page, httptest.NewRequest("GET", "/metrics", nil))
	if !regexp.MustCompile(`(?m)^gazua_panics_total\{[^}]*where="request"[^}]*\} 2$`).MatchString(page.Body.String()) {
		t.Errorf("two panics are not counted:\n%s", page.Body)
	}
}

func TestProblem_AddressesAndMethodsThatDoNotExist(t *testing.T) {
	d := open(t, &fakeDomain{})
	for _, path := range []string{"/", "/v1/payments/", "/V1/payments", "/v1/payments/7/", "/v1/payments/7/legs", "/metrics"} {
		d.get(path, "key-1").isProblem(t, 404, "not-found")
	}
	for method, path := range map[string]string{"PATCH": "/v1/payments/7/events", "PUT": "/v1/payments", "DELETE": "/v1/payments/7", "OPTIONS": "/v1/payments", "BREW": "/v1/payments"} {
		got := d.post(good, func(r *http.Request) { r.Method, r.URL.Path = method, path })
		got.isProblem(t, 405, "method-not-allowed")
		if method != "BREW" && got.header.Get("Allow") == "" {
			t.Errorf("%s %s: no Allow header", method, path)
		}
	}
}

func TestProblem_TooLarge(t *testing.T) {
	d := open(t, &fakeDomain{})
	d.post(strings.Replace(good, "tok", strings.Repeat("t", 5<<10), 1)).isProblem(t, 413, "request-too-large")
	d.post(good, with("X-Large", strings.Repeat("h", 5<<10))).isProblem(t, 413, "request-too-large")
	if n := d.domain.count(); n != 0 {
		t.Errorf("the domain was asked %d times", n)
	}
}

// Not even HTTP, or too slow: the answer is a problem too.
func TestProblem_BrokenRequests(t *testing.T) {
	d := open(t, &fakeDomain{}, func(o *Options, _ *ReadKeys) { o.ReadTimeout = 100 * time.Millisecond })
	head := "POST /v1/payments HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer key-1\r\nContent-Type: application/json\r\n"
	for name, c := range map[string]struct {
		sent   string
		status int
		slug   string
	}{
		"no HTTP at all":          {"hello\r\n\r\n", 400, "invalid-request"},
		"a header without a name": {head + ": x\r\n\r\n", 400, "invalid-request"},
		"a length of letters":     {head + "Content-Length: x\r\n\r\n", 400, "invalid-request"},
		"a body that never comes": {head + "Content-Length: 10\r\n\r\n{", 408, "request-timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			d.raw(nil, c.sent).isProblem(t, c.status, c.slug)
		})
	}
	if n := d.domain.count(); n != 0 {
		t.Errorf("the domain was asked %d times", n)
	}
}

func TestBound_OverMaxInFlight_Is503AtOnce(t *testing.T) {
	gate := make(chan struct{})
	d := open(t, &fakeDomain{create: func(*payment.Request) (payment.Created, error) {
		<-gate
		return payment.Created{Answer: stored(201, paid(7).Render()), Payment: 7}, nil
	}}, func(o *Options, _ *ReadKeys) { o.MaxInFlight = 2 })
	var busy sync.WaitGroup
	for range 2 {
		busy.Go(func() {
			if got := d.post(good); got.status != 201 {
				t.Errorf("status %d", got.status)
			}
		})
	}
	eventually(t, func() bool { return d.domain.count() == 2 })
	got := d.post(good)
	got.isProblem(t, 503, "unavailable")
	if got.header.Get("Retry-After") != "1" || d.domain.count() != 2 {
		t.Errorf("Retry-After %q, the domain was asked %d times", got.header.Get("Retry-After"), d.domain.count())
	}
	close(gate)
	busy.Wait()
	if got := d.post(good); got.status != 201 {
		t.Errorf("afterwards: status %d", got.status)
	}
}

// Fiber's texts are views into pooled buffers: each request must see its own, also after its handler gave way to others.
func TestCreate_ManyAtOnce_EachKeepsItsOwn(t *testing.T) {
	var kept sync.Map
	d := open(t, &fakeDomain{create: func(r *payment.Request) (payment.Created, error) {
		kept.Store(r.OrderID, r)
		p := paid(7)
		p.Order, p.State, p.Legs[0].State, p.Legs[0].Code = r.OrderID, payment.Failed, payment.Declined, r.Legs[0].Token
		return payment.Created{Answer: stored(201, p.Render()), Payment: 7}, nil
	}})
	var all sync.WaitGroup
	for w := range 8 {
		all.Go(func() {
			for i := range 50 {
				order, tok := fmt.Sprintf("order-%d-%d", w, i), fmt.Sprintf("token-%d-%d", w, i)
				got := d.post(strings.NewReplacer("o-1", order, `"tok"`, `"`+tok+`"`).Replace(good), with("Idempotency-Key", order))
				if !strings.Contains(got.body, `"`+order+`"`) || !strings.Contains(got.body, `"`+tok+`"`) {
					t.Errorf("order %s got %s", order, got.body)
				}
			}
		})
	}
	all.Wait()
	kept.Range(func(order, request any) bool {
		r := request.(*payment.Request)
		if r.OrderID != order || r.Legs[0].Token != strings.Replace(order.(string), "order", "token", 1) {
			t.Errorf("what order %s sent has become %+v", order, r)
		}
		return true
	})
	for _, call := range d.domain.calls {
		if want, _ := payment.KeyHash("POST", "/v1/payments", call.request.OrderID); call.keyHash != want {
			t.Errorf("order %s came with the key of another", call.request.OrderID)
		}
	}
}

func eventually(t *testing.T, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it never came to that")
		}
	}
}

func TestProblemsDoc_ListsEachKindWithItsStatus_AndNoOther(t *testing.T) {
	doc, err := os.ReadFile("../../docs/problems.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[payment.Kind]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\| (\\d+) \\|").FindAllStringSubmatch(string(doc), -1) {
		listed[payment.Kind(row[1])] = row[2]
	}
	for kind, problem := range problems {
		if listed[kind] != strconv.Itoa(problem.status) {
			t.Errorf("docs/problems.md says %q for %s, the code %d", listed[kind], kind, problem.status)
		}
		delete(listed, kind)
	}
	for kind := range listed {
		t.Errorf("docs/problems.md lists %s, which no request is answered with", kind)
	}
}
