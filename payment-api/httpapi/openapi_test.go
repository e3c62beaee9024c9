package httpapi

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"gazua.example/payment-api/payment"
)

// audited runs the tests; when all of them ran and passed, every status of the file must have been seen.
type audited struct{ *testing.M }

func (a audited) Run() int {
	code := a.M.Run()
	for _, some := range []string{"test.run", "test.skip", "test.list", "test.fuzz", "test.fuzzworker"} {
		if set := flag.Lookup(some); set != nil && set.Value.String() != "" && set.Value.String() != "false" {
			return code
		}
	}
	if missing := seen.missing(); code == 0 && len(missing) > 0 {
		fmt.Fprintf(os.Stderr, "FAIL: openapi.yaml promises what no test gets:\n  %s\n", strings.Join(missing, "\n  "))
		return 1
	}
	return code
}

func TestOpenAPI_HasTheRoutersRoutes_AndNoOther(t *testing.T) {
	api, err := New(&fakeDomain{}, NewKeys(twoMerchants), Options{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	var routes, promised []string
	for _, r := range api.app.GetRoutes(true) { // without middleware
		if r.Method != http.MethodHead { // Fiber answers it wherever there is a GET
			routes = append(routes, r.Method+" "+regexp.MustCompile(`:([a-z]+)`).ReplaceAllString(r.Path, "{$1}"))
		}
	}
	for name := range readPromise().operations {
		promised = append(promised, name)
	}
	slices.Sort(routes)
	slices.Sort(promised)
	if !slices.Equal(routes, promised) {
		t.Errorf("the router has\n  %s\nthe file has\n  %s", strings.Join(routes, "\n  "), strings.Join(promised, "\n  "))
	}
}

func TestOpenAPI_IsServedToEverybody_AsItIs(t *testing.T) {
	d := open(t, &fakeDomain{})
	got := d.get("/openapi.yaml", "no key", without("Authorization"))
	if got.status != 200 || got.header.Get("Content-Type") != "application/yaml" || got.body != string(openAPIFile) {
		t.Errorf("status %d, %s, %d bytes", got.status, got.header.Get("Content-Type"), len(got.body))
	}
}

// An example that does not fit its own schema would teach clients something wrong.
func TestOpenAPI_ItsExamplesFitItsSchemas(t *testing.T) {
	p, examples := readPromise(), 0
	var walk func(at string, node any)
	walk = func(at string, node any) {
		switch n := node.(type) {
		case []any:
			for i, member := range n {
				walk(fmt.Sprintf("%s/%d", at, i), member)
			}
		case map[string]any:
			values := map[string]any{}
			if example, ok := n["example"]; ok {
				values["example"] = example
			}
			if all, ok := n["examples"].(map[string]any); ok {
				for name, one := range all {
					values[name] = one.(map[string]any)["value"]
				}
			}
			for name, value := range values {
				examples++
				if err := p.schema(at + "/schema").Validate(value); err != nil {
					t.Errorf("%s, example %s: %v", at, name, err)
				}
			}
			for name, member := range n {
				if name != "example" && name != "examples" {
					walk(at+"/"+escape(name), member)
				}
			}
		}
	}
	walk("", p.file)
	if examples < 5 {
		t.Errorf("found %d examples only", examples)
	}
}

// The file's types of problems are those of the code, with the same status.
func TestOpenAPI_KnowsEachProblem(t *testing.T) {
	for kind, p := range problems {
		if kind == kindMethod {
			continue // of no operation
		}
		if !bytes.Contains(openAPIFile, []byte(typePrefix+string(kind))) {
			t.Errorf("%s (%d) is nowhere in the file", kind, p.status)
		}
	}
	for _, slug := range regexp.MustCompile(regexp.QuoteMeta(typePrefix)+`([a-z-]+)`).FindAllStringSubmatch(string(openAPIFile), -1) {
		if problems[payment.Kind(slug[1])].status == 0 {
			t.Errorf("the file has %s, which no request is answered with", slug[1])
		}
	}
}

// What can happen to any request happens to each operation of the file, as the file says.
func TestOpenAPI_EachOperation_AnswersWhatCanHappenToAll(t *testing.T) {
	failing := func(err error) *fakeDomain {
		return &fakeDomain{
			create: func(*payment.Request) (payment.Created, error) { return payment.Created{}, err },
			get:    func(payment.MerchantID, payment.ID) (*payment.Payment, error) { return nil, err },
			cancel: func(payment.ID, *payment.CancelRequest) (payment.Canceled, error) { return payment.Canceled{}, err },
			cancellations: func(payment.MerchantID, payment.ID) (*payment.Payment, []*payment.Cancellation, error) {
				return nil, nil, err
			},
			list:    func(time.Time, time.Time, payment.ID, int) ([]*payment.Payment, error) { return nil, err },
			byOrder: func(string) ([]*payment.Payment, error) { return nil, err },
			events:  func(payment.ID) ([]payment.Event, error) { return nil, err },
		}
	}
	archived := failing(&payment.Error{Kind: payment.KindArchived, Payment: 7, Detail: "in the archive"})
	absent := failing(&payment.Error{Kind: payment.KindNotFound, Detail: "no payment with this id"})
	slow := func(o *Options, _ *ReadKeys) { o.ReadTimeout = 100 * time.Millisecond }
	meagre := func(o *Options, _ *ReadKeys) { o.MerchantRate, o.MerchantBurst = 1, 1 }
	for _, o := range readPromise().operations {
		t.Run(strings.ReplaceAll(o.name, "/", "|"), func(t *testing.T) {
			for status, get := range map[int]func() reply{
				400: func() reply {
					return open(t, &fakeDomain{}).ask(o, func(r *http.Request) { r.URL.RawQuery += "&nonsense=1" })
				},
				401: func() reply { return open(t, &fakeDomain{}).ask(o, without("Authorization")) },
				404: func() reply { return open(t, absent).ask(o) },
				408: func() reply { return open(t, &fakeDomain{}, slow).drip(o) },
				410: func() reply { return open(t, archived).ask(o) },
				413: func() reply { return open(t, &fakeDomain{}).ask(o, with("X-Large", strings.Repeat("h", 5<<10))) },
				415: func() reply { return open(t, &fakeDomain{}).ask(o, with("Content-Type", "text/plain")) },
				429: func() reply { d := open(t, &fakeDomain{}, meagre); d.ask(o); return d.ask(o) },
				500: func() reply { return open(t, failing(fmt.Errorf("a fault"))).ask(o) },
				503: func() reply {
					return open(t, &fakeDomain{}, func(o *Options, _ *ReadKeys) { o.MaxInFlight = 0 }).ask(o)
				},
			} {
				_, promised := o.responses[status]
				if general := status != 404 && status != 410 && status != 415 && o.secured; !promised && general {
					t.Errorf("the file does not say that %d can happen", status)
				}
				if !promised {
					continue
				}
				if got := get(); got.status != status {
					t.Errorf("got %d %s, want %d", got.status, got.body, status)
				}
			}
		})
	}
}

// concrete is a good request of an operation.
func (d *door) concrete(o *operation) *http.Request {
	d.t.Helper()
	method, path, _ := strings.Cut(o.name, " ")
	path = strings.NewReplacer("{id}", "7", "{seq}", "1").Replace(path)
	body := ""
	if o.body != nil {
		body = good
	}
	if strings.HasSuffix(path, "cancellations") && body != "" {
		body = "{}"
	}
	if len(o.query) > 0 {
		path += "?from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z"
	}
	r, err := http.NewRequestWithContext(d.t.Context(), method, d.url+path, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer key-1")
	r.Header.Set("Idempotency-Key", "k-1")
	r.Header.Set("Content-Type", "application/json")
	return r
}

func (d *door) ask(o *operation, change ...func(*http.Request)) reply {
	d.t.Helper()
	r := d.concrete(o)
	for _, c := range change {
		c(r)
	}
	return d.send(r)
}

// drip sends the beginning of a request, and never the rest.
func (d *door) drip(o *operation) reply {
	d.t.Helper()
	r := d.concrete(o)
	return d.raw(r, fmt.Sprintf("%s %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer key-1\r\nContent-Length: 10\r\n\r\n{", r.Method, r.URL.RequestURI()))
}

// raw sends text as it is and reads one answer, which is held against the file as that of r; nil: it is no request of the file.
func (d *door) raw(r *http.Request, text string) reply {
	d.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(d.url, "http://"))
	if err != nil {
		d.t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, text)
	_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	answer, err := http.ReadResponse(bufio.NewReader(conn), r)
	if err != nil {
		d.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		d.t.Errorf("read the answer: %v", err)
	}
	if r != nil {
		(&witness{t: d.t}).saw(r, nil, answer.StatusCode, answer.Header, body)
	} else if err := valid(readPromise().problem, "application/problem+json", answer.Header.Get("Content-Type"), body); err != nil {
		d.t.Errorf("%q was answered %d %s: %v", text, answer.StatusCode, body, err)
	}
	return reply{answer.StatusCode, answer.Header, string(body), answer.Close}
}

// The judge itself: answers that are not as the file says are found.
func TestOpenAPI_TheCheckFindsWhatDiffers(t *testing.T) {
	view := string(paid(7).Render())
	problem := func(kind payment.Kind) string {
		body, _ := json.Marshal(problemBody{Type: typePrefix + string(kind), Title: "t", Status: problems[kind].status, Detail: "d"})
		return string(body)
	}
	for name, c := range map[string]struct {
		method, path, sent string
		status             int
		kind, body         string
		header             string
		mention            string
	}{
		"as promised":              {"GET", "/v1/payments/7", "", 200, "application/json", view, "", ""},
		"a status of nowhere":      {"GET", "/v1/payments/7", "", 202, "application/json", view, "", "status 202"},
		"another content type":     {"GET", "/v1/payments/7", "", 200, "text/html", view, "", "content type"},
		"a member more":            {"GET", "/v1/payments/7", "", 200, "application/json", strings.Replace(view, "{", `{"secret":1,`, 1), "", "secret"},
		"a member less":            {"GET", "/v1/payments/7", "", 200, "application/json", strings.Replace(view, `"version":2`, `"version":0`, 1), "", "version"},
		"a number for an id":       {"GET", "/v1/payments/7", "", 200, "application/json", strings.Replace(view, `"7"`, `7`, 1), "", "/id"},
		"an inside state":          {"GET", "/v1/payments/7", "", 200, "application/json", strings.Replace(view, "PAID", "UNDOING", 1), "", "status"},
		"no JSON":                  {"GET", "/v1/payments/7", "", 200, "application/json", "oops", "", "oops"},
		"no Location":              {"POST", "/v1/payments", good, 201, "application/json", view, "", "Location"},
		"created as promised":      {"POST", "/v1/payments", good, 201, "application/json", view, "/v1/payments/7", ""},
		"created in progress":      {"POST", "/v1/payments", good, 201, "application/json", strings.Replace(view, "PAID", "PROCESSING", 1), "/v1/payments/7", "status"},
		"granted, but not asked":   {"POST", "/v1/payments", strings.Replace(good, "100", `"100"`, 1), 201, "application/json", view, "/v1/payments/7", "granted"},
		"a parameter of nowhere":   {"GET", "/v1/payments/7?a=1", "", 200, "application/json", view, "", "granted"},
		"another route's problem":  {"GET", "/v1/payments/7", "", 410, "application/problem+json", problem(payment.KindNotFound), "", "status"},
		"a 503 without a time":     {"GET", "/v1/payments/7", "", 503, "application/problem+json", problem(payment.KindUnavailable), "", "Retry-After"},
		"nowhere, and no problem":  {"GET", "/v2", "", 404, "text/plain", "Cannot GET /v2", "", "content type"},
		"nowhere, with a problem":  {"GET", "/v2", "", 404, "application/problem+json", problem(payment.KindNotFound), "", ""},
		"nothing where there is 1": {"GET", "/v1/payments/7", "", 404, "application/problem+json", problem(payment.KindNotFound), "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r, _ := http.NewRequestWithContext(t.Context(), c.method, "http://x"+c.path, nil)
			r.Header.Set("Idempotency-Key", "k")
			header := http.Header{"Content-Type": {c.kind}}
			if c.header != "" {
				header.Set("Location", c.header)
			}
			_, err := readPromise().check(r, []byte(c.sent), c.status, header, []byte(c.body))
			if c.mention == "" && err != nil || c.mention != "" && (err == nil || !strings.Contains(err.Error(), c.mention)) {
				t.Errorf("err = %v, want one that speaks of %q", err, c.mention)
			}
		})
	}
}
