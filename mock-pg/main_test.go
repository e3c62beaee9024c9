package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

var programDir string

func TestMain(m *testing.M) {
	if wish := os.Getenv("HOLD_CLIENT"); wish != "" {
		if err := holdClient(wish); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	var err error
	if programDir, err = os.MkdirTemp("", "mock-pg"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) { _ = os.RemoveAll(programDir); os.Exit(code) }))
}

// build makes the real program, once.
var build = sync.OnceValues(func() (string, error) {
	program := filepath.Join(programDir, "mock-pg")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return program, nil
})

// process is the real program, running.
type process struct {
	t             *testing.T
	command       *exec.Cmd
	url, adminURL string
	log           *bytes.Buffer // valid once exited is closed
	exited        chan error
	client        *http.Client
}

// launch starts the program through a shell prefix (a limit, or nothing) and waits until it serves.
func launch(t *testing.T, prefix, bookDir string) *process {
	t.Helper()
	program, err := build()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, log: &bytes.Buffer{}, exited: make(chan error, 1), client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
	p.command = exec.Command("/bin/sh", "-c", prefix+"exec "+program)
	p.command.Env = append(os.Environ(), "LISTEN=127.0.0.1:0", "ADMIN_LISTEN=127.0.0.1:0", "LEAVE_NOTICE=10ms", "BOOK_DIR="+bookDir)
	stderr, err := p.command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	serving := make(chan struct{})
	go p.read(stderr, serving)
	t.Cleanup(func() {
		_ = p.command.Process.Kill()
		p.client.CloseIdleConnections()
	})
	select {
	case <-serving:
	case <-time.After(20 * time.Second):
		t.Fatal("the program does not serve")
	}
	return p
}

// read follows the log, learns the addresses, and reaps the process.
func (p *process) read(stderr io.Reader, serving chan struct{}) {
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		p.log.WriteString(lines.Text() + "\n")
		var line struct{ Msg, Payments, Admin string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "serving" {
			p.url, p.adminURL = line.Payments, line.Admin
			close(serving)
		}
	}
	p.exited <- p.command.Wait()
}

// wait returns the program's end and all it has logged.
func (p *process) wait() (string, error) {
	p.t.Helper()
	select {
	case err := <-p.exited:
		return p.log.String(), err
	case <-time.After(20 * time.Second):
		p.t.Fatal("the program does not end")
		return "", nil
	}
}

// post sends one request; the status is 0 when no answer came.
func (p *process) post(path, body string) (int, map[string]any) {
	res, err := p.client.Post(p.url+path, "application/json", strings.NewReader(body))
	if err != nil {
		return 0, nil
	}
	defer func() { _ = res.Body.Close() }()
	var fields map[string]any
	if json.NewDecoder(res.Body).Decode(&fields) != nil {
		return 0, nil
	}
	return res.StatusCode, fields
}

func charge(reference, token string) string {
	return fmt.Sprintf(`{"reference":%q,"order_id":"o-1","merchant":"1","amount":20000,"currency":"KRW","token":%q}`, reference, token)
}

func refund(name, original string) string {
	return fmt.Sprintf(`{"reference":%q,"original":%q,"amount":500,"currency":"KRW"}`, name, original)
}

// approvals is what clients were told: the transaction of each reference, also of refunds.
type approvals struct {
	mu  sync.Mutex
	ids map[string]string
}

func (a *approvals) add(reference, id string) (total int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ids[reference] = id
	return len(a.ids)
}

// load charges from several clients, and refunds a part, until answers stop. It calls enough when so many were approved in
// all.
func (p *process) load(a *approvals, prefix string, total int, enough func()) {
	var running sync.WaitGroup
	var once sync.Once
	for c := range 8 {
		running.Go(func() {
			for i := 0; ; i++ {
				reference := fmt.Sprintf("%s-%d-%d.1", prefix, c, i)
				status, got := p.post("/pg/v1/charge", charge(reference, "gz1;charge=ok"))
				if status != 200 {
					return
				}
				if id, _ := got["transaction_id"].(string); a.add(reference, id) >= total {
					once.Do(enough)
				}
				if status, got = p.post("/pg/v1/refund", refund(reference+".1", reference)); status != 200 {
					return
				}
				id, _ := got["transaction_id"].(string)
				a.add(reference+".1", id)
			}
		})
	}
	running.Wait()
}

func (p *process) get(url string) string {
	p.t.Helper()
	res, err := p.client.Get(url)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(text)
}

// book is the transaction of every reference that was charged, and of every refund.
func (p *process) book() map[string]string {
	p.t.Helper()
	res, err := p.client.Get(p.adminURL + "/book?from=0")
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	charged := map[string]string{}
	lines := json.NewDecoder(res.Body)
	for {
		var e struct {
			Reference   string `json:"reference"`
			Effect      string `json:"effect"`
			Transaction string `json:"transaction_id"`
		}
		if err := lines.Decode(&e); err == io.EOF {
			return charged
		} else if err != nil {
			p.t.Fatal(err)
		}
		if e.Effect == "charged" || e.Effect == "refunded" {
			charged[e.Reference] = e.Transaction
		}
	}
}

func TestKill_EveryApprovedAnswerIsInTheBookAfterTheRestart(t *testing.T) {
	dir := t.TempDir()
	known := &approvals{ids: map[string]string{}}
	for round := range 3 {
		p := launch(t, "", dir)
		p.load(known, fmt.Sprint(round), 1000*(round+1), func() { _ = p.command.Process.Kill() })
		if _, err := p.wait(); err == nil {
			t.Fatal("the program ended in good order; it should have been killed")
		}
	}
	p := launch(t, "", dir)
	booked := p.book()
	for reference, id := range known.ids {
		if booked[reference] != id {
			t.Errorf("%s was approved as %s, the book says %q", reference, id, booked[reference])
		}
	}
	if _, got := p.post("/pg/v1/inquiry", `{"reference":"0-0-0.1"}`); got["status"] != "CAPTURED" {
		t.Errorf("after three kills an inquiry says %v", got)
	}
	if _, got := p.post("/pg/v1/refund", refund("0-0-0.1.1", "0-0-0.1")); got["transaction_id"] != known.ids["0-0-0.1.1"] {
		t.Errorf("after three kills a refund asked for again says %v, first it was %s", got, known.ids["0-0-0.1.1"])
	}
	if len(known.ids) < 3000 {
		t.Errorf("only %d approvals", len(known.ids))
	}
}

func TestDisk_WhenItRefuses_NothingIsApproved_AndTheProcessIsNotReady(t *testing.T) {
	dir := t.TempDir()
	p := launch(t, "ulimit -f 64; ", dir) // 64 blocks of the book, then write(2) fails as on a full disk
	approved, failed, lost := map[string]bool{}, 0, ""
	for i := 0; i < 2000 && failed < 3; i++ {
		reference := fmt.Sprintf("%d.1", i)
		switch status, got := p.post("/pg/v1/charge", charge(reference, "tok")); {
		case status == 200:
			if failed > 0 {
				t.Fatalf("%s approved after the disk had refused", reference)
			}
			approved[reference] = true
		case status == 500 && got["result"] == "error":
			if failed++; failed == 1 {
				lost = reference
			}
		default:
			t.Fatalf("charge %s: %d %v", reference, status, got)
		}
	}
	if failed != 3 || len(approved) == 0 {
		t.Fatalf("%d approved, %d failed: the limit was not met", len(approved), failed)
	}
	if status, got := p.post("/pg/v1/inquiry", `{"reference":"`+lost+`"}`); status != 500 {
		t.Errorf("an inquiry about the charge that was not written: %d %v", status, got)
	}
	if _, got := p.post("/pg/v1/inquiry", `{"reference":"0.1"}`); got["status"] != "CAPTURED" {
		t.Errorf("an inquiry about a charge that was written: %v", got)
	}
	if text := p.get(p.url + "/pg/v1/statement?date=2026-01-02"); strings.Contains(text, `"kind":"end"`) {
		t.Errorf("a statement of what was not written has an end: %s", text)
	}
	res, err := p.client.Get(p.adminURL + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if res.StatusCode != 503 || !strings.Contains(string(text), "cannot be written") {
		t.Errorf("/readyz: %d %s", res.StatusCode, text)
	}
	_ = p.command.Process.Kill()
	if log, _ := p.wait(); !strings.Contains(log, "not ready from now on") {
		t.Errorf("the log does not say it: %s", log)
	}
	again := launch(t, "", dir)
	for reference := range approved {
		if again.book()[reference] == "" {
			t.Fatalf("%s was approved and is not in the book", reference)
		}
	}
}

func TestTerminate_FinishesWhatIsInFlight_AndExitsWithZero(t *testing.T) {
	p := launch(t, "", t.TempDir())
	answered, held := make(chan int, 1), make(chan int, 1)
	go func() {
		status, _ := p.post("/pg/v1/charge", charge("1.1", "gz1;charge=ok@fixed/400ms"))
		answered <- status
	}()
	go func() { status, _ := p.post("/pg/v1/charge", charge("2.1", "gz1;charge=silent:after")); held <- status }()
	deadline := time.Now().Add(5 * time.Second)
	for len(p.book()) < 2 && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if status := <-answered; status != 200 {
		t.Errorf("the charge in flight: %d", status)
	}
	if status := <-held; status != 0 {
		t.Errorf("the silent charge was answered %d", status)
	}
	if log, err := p.wait(); err != nil || strings.Count(log, `"phase"`) != 5 {
		t.Errorf("exit %v, log:\n%s", err, log)
	}
}

func TestSettings_EveryFaultIsNamedAtOnce(t *testing.T) {
	env := map[string]string{"MAX_BODY_BYTES": "1", "DRAIN_BOUND": "soon", "PG_PROFILE": "Bound", "PG_LATE_BOUND": "1h"}
	_, knobs := readSettings(func(name string) (string, bool) { v, ok := env[name]; return v, ok })
	err := knobs.Err()
	for name := range env {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named in: %v", name, err)
		}
	}
	var help bytes.Buffer
	knobs.Help(&help)
	for _, name := range []string{"LISTEN", "ADMIN_LISTEN", "BOOK_DIR", "INSTANCE", "LOG_LEVEL", "PG_PROFILE", "PG_LATE_BOUND"} {
		if !strings.Contains(help.String(), name) {
			t.Errorf("%s is not in the help", name)
		}
	}
}
