package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The phases that the chapter on graceful shutdown tells of, in their order.
const (
	apiPhases    = "readiness off, balancer notices, stop accepting, finish requests, finish detached work, close pools, flush telemetry, close admin"
	workerPhases = "readiness off, stop consuming, finish background work, close pools, flush telemetry, close admin"
)

// inOrder is how phases read in outcomes when each is done.
func inOrder(phases string) string {
	return strings.ReplaceAll(phases, ", ", ":done, ") + ":done"
}

// shutdown is what a program's log says of its end.
type shutdown struct {
	begins, ends shutdownLine
	phases       []shutdownLine
	said         string // the last line, which is no JSON: the sentence for a person
}

type shutdownLine struct {
	Msg, Signal, Phase, Outcome, Error, Left, Reason string
	InFlight                                         string  `json:"in_flight"`
	Elapsed                                          float64 `json:"elapsed_ms"`
	Code                                             *int
}

func (p *program) shutdown(t *testing.T) (s shutdown) {
	t.Helper()
	for _, text := range p.lines() {
		if !strings.HasPrefix(text, "{") {
			s.said = text
			continue
		}
		var l shutdownLine
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Errorf("%s logged %q: %v", p.name, text, err)
		}
		switch l.Msg {
		case "shutdown begins":
			s.begins = l
		case "shutdown phase":
			s.phases = append(s.phases, l)
		case "shutdown ends":
			s.ends = l
		}
	}
	return s
}

func (s shutdown) outcomes() string {
	var all []string
	for _, l := range s.phases {
		all = append(all, l.Phase+":"+l.Outcome)
	}
	return strings.Join(all, ", ")
}

func (p *program) lines() []string {
	text, _ := os.ReadFile(p.log)
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

// logged waits until the program has logged something.
func (p *program) logged(t *testing.T, what string) {
	t.Helper()
	eventually(t, p.name+" logs "+what, func() bool {
		text, _ := os.ReadFile(p.log)
		return strings.Contains(string(text), what)
	})
}

// patient are deadlines under which a means that hangs is waited for long enough to be seen hanging.
var patient = []string{"MEANS_TIMEOUT=2500ms", "LEASE_MARGIN=2600ms", "SYNC_DEADLINE=2600ms", "LEASE=5200ms", "RESOLVE_DEADLINE=6s"}

// hangs books the charge and says nothing until the means' time-out.
const hangs = "gz1;charge=silent:after"

func ownAPI(t *testing.T, name string, env ...string) *program {
	t.Helper()
	listen, err := freeAddr()
	if err != nil {
		t.Fatal(err)
	}
	api, err := start(t.Context(), name, "payment-api", listen, env...)
	if err != nil {
		t.Fatal(err)
	}
	return api
}

// paying sends a payment and waits until its charge is booked, which is in the middle of its request.
func paying(t *testing.T, api *program, charge string, header ...string) (id string, answered <-chan answer) {
	t.Helper()
	o := order{id: api.name, key: api.name + "-1", point: tok, charge: charge}
	answers := make(chan answer, 1)
	go func() { answers <- o.pay(t, api, header...) }()
	eventually(t, "the charge is booked", func() bool {
		id = holder(t, o.id)
		return id != "" && booked(t, id, "charged")
	})
	return id, answers
}

func TestAPIStopped_AnswersWhatIsInFlight_AndExits0(t *testing.T) {
	api := ownAPI(t, "api-stopped", patient...) // a machine that is busy is no reason for a time-out
	t.Parallel()
	id, answered := paying(t, api, slow)
	api.signal(syscall.SIGTERM)
	got := <-answered
	got.expect(t, 201, "PAID")
	if code := api.end(t); code != 0 {
		t.Errorf("it ended with %d:\n%s", code, api.tail())
	}
	seen := api.shutdown(t)
	if seen.outcomes() != inOrder(apiPhases) || seen.begins.Signal != "terminated" || seen.begins.InFlight != "1 request in flight" || *seen.ends.Code != 0 {
		t.Errorf("%+v", seen)
	}
	judge(t, id, "PAID")
	if by := actorOf(t, id, "PAID"); by != "api-stopped" {
		t.Errorf("%s had to finish it", by)
	}
}

// Whoever is sent here before the balancer has noticed is served like before, and is told that this connection is over.
func TestAPIStopped_WhileTheBalancerNotices_ItIsNotReady_AndServesEverybody(t *testing.T) {
	api := ownAPI(t, "api-noticed", "BALANCER_WAIT=4s")
	t.Parallel()
	keeping := &http.Client{Transport: &http.Transport{}}
	defer keeping.CloseIdleConnections()
	ask := func() *http.Response {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, api.url+"/v1/payments/1", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+keyA)
		response, err := keeping.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		return response
	}
	if response := ask(); response.Close {
		t.Error("it closes connections before anybody told it to stop")
	}
	began := time.Now()
	api.signal(syscall.SIGTERM)
	eventually(t, "it is not ready", func() bool { return statusOf(t, api.admin+"/readyz") == http.StatusServiceUnavailable })
	api.logged(t, `"phase":"readiness off"`)
	eventually(t, "answers close their connections", func() bool { return ask().Close })
	for range 3 {
		if response := ask(); !response.Close || response.StatusCode != http.StatusNotFound {
			t.Errorf("it answers %d, closing: %t", response.StatusCode, response.Close)
		}
	}
	o := order{id: "api-noticed", key: "api-noticed-1", point: tok, charge: tok}
	got := o.pay(t, api)
	got.expect(t, 201, "PAID")
	if shown := page(t, api.admin+"/metrics"); !regexp.MustCompile(`(?m)^gazua_shutdown_phase\{.*phase="balancer notices".*\} 1$`).MatchString(shown) ||
		!regexp.MustCompile(`(?m)^gazua_shutdown_phase_duration_seconds\{.*outcome="done".*phase="readiness off".*\} `).MatchString(shown) {
		t.Errorf("the metrics do not show where the shutdown is:\n%s", shown)
	}
	if code := api.end(t); code != 0 || time.Since(began) < 4*time.Second {
		t.Errorf("it ended with %d after %s:\n%s", code, time.Since(began), api.tail())
	}
	if conn, err := net.Dial("tcp", strings.TrimPrefix(api.url, "http://")); err == nil {
		conn.Close()
		t.Error("the port is still there")
	}
}

// Two ways to end with a payment in flight, and its merchant without an answer. Neither says that all was well, and a resolver
// ends the payment.
func TestAPIStopped_WithAPaymentLeft_Exits1_SaysSo_AndAResolverSettlesIt(t *testing.T) {
	for name, c := range map[string]struct {
		env   string
		again bool
		said  string
	}{
		"api-cut":     {"FINISH_WITHIN=20s", true, `shutdown phase "finish requests" was cut short by a second signal`},
		"api-overrun": {"FINISH_WITHIN=1s", false, `shutdown phase "finish requests" overran its bound of 1s`},
	} {
		api := ownAPI(t, name, append(patient, c.env)...)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id, answered := paying(t, api, hangs)
			api.signal(syscall.SIGTERM)
			if c.again {
				api.logged(t, `"phase":"stop accepting"`)
				api.signal(syscall.SIGTERM)
			}
			if code := api.end(t); code != 1 {
				t.Errorf("it ended with %d:\n%s", code, api.tail())
			}
			if got := <-answered; got.err == nil {
				t.Errorf("it was answered %d %s; the story needs a means that hangs longer", got.status, got.body)
			}
			seen := api.shutdown(t)
			want := "payment-api: " + c.said + ", with 1 request in flight left: a worker's resolver ends what was begun, when its lease is over"
			if seen.said != want || seen.ends.Left != "1 request in flight" || *seen.ends.Code != 1 || len(seen.phases) != 8 {
				t.Errorf("it said %q and logged %+v", seen.said, seen)
			}
			judge(t, id, "PAID")
			if by := actorOf(t, id, "PAID"); !strings.HasPrefix(by, "worker") {
				t.Errorf("%s settled it", by)
			}
		})
	}
}

// A merchant that asked for an early answer has it; the payment behind it is finished all the same.
func TestAPIStopped_FinishesWhatItsCallersDidNotWaitFor(t *testing.T) {
	api := ownAPI(t, "api-detached", patient...)
	t.Parallel()
	id, answered := paying(t, api, "gz1;charge=ok@fixed/2200ms", "Prefer", "wait=1")
	got := <-answered
	got.expect(t, 202, "PROCESSING")
	api.signal(syscall.SIGTERM)
	if code := api.end(t); code != 0 {
		t.Errorf("it ended with %d:\n%s", code, api.tail())
	}
	seen := api.shutdown(t)
	if !strings.Contains(seen.begins.InFlight, "1 payment in flight") || seen.outcomes() != inOrder(apiPhases) || seen.phases[4].Elapsed < 100 {
		t.Errorf("%+v", seen)
	}
	judge(t, id, "PAID")
	if by := actorOf(t, id, "PAID"); by != "api-detached" {
		t.Errorf("%s had to finish it", by)
	}
}

// A listener that dies takes nobody along who is inside.
func TestAPIWhoseListenerDies_EndsInOrder_AndExits1(t *testing.T) {
	api := ownAPI(t, "api-deaf", patient...)
	t.Parallel()
	id, answered := paying(t, api, "gz1;charge=ok@fixed/1500ms")
	api.loseListener(t)
	got := <-answered
	got.expect(t, 201, "PAID")
	if code := api.end(t); code != 1 {
		t.Errorf("it ended with %d:\n%s", code, api.tail())
	}
	seen := api.shutdown(t)
	if !strings.Contains(seen.begins.Reason, "accept") || seen.begins.Signal != "" || !strings.Contains(seen.outcomes(), "finish requests:done") || !strings.Contains(seen.said, "serve on ") {
		t.Errorf("it said %q and logged %+v", seen.said, seen)
	}
	judge(t, id, "PAID")
}

// loseListener shuts the socket by which requests come in, from outside.
func (p *program) loseListener(t *testing.T) {
	t.Helper()
	const pidfdOpen, pidfdGetfd = 434, 438 // the same on every architecture
	fds := fmt.Sprintf("/proc/%d/fd", p.cmd.Process.Pid)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	inode := ""
	for line := range strings.Lines(string(table)) {
		if f := strings.Fields(line); strings.HasSuffix(f[1], fmt.Sprintf(":%04X", number)) && f[3] == "0A" { // LISTEN
			inode = f[9]
		}
	}
	entries, err := os.ReadDir(fds)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		target, err := os.Readlink(filepath.Join(fds, e.Name()))
		if err != nil || target != "socket:["+inode+"]" {
			continue
		}
		theirs, err := strconv.Atoi(e.Name())
		if err != nil {
			t.Fatal(err)
		}
		process, _, errno := syscall.RawSyscall(pidfdOpen, uintptr(p.cmd.Process.Pid), 0, 0)
		if errno != 0 {
			t.Fatal(errno)
		}
		defer syscall.Close(int(process))
		ours, _, errno := syscall.RawSyscall(pidfdGetfd, process, uintptr(theirs), 0)
		if errno != 0 {
			t.Fatal(errno)
		}
		defer syscall.Close(int(ours))
		if err := syscall.Shutdown(int(ours), syscall.SHUT_RDWR); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatalf("%s listens with none of its files", p.url)
}

func statusOf(t *testing.T, url string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}
