package dump

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"gazua.example/infra/lifecycle"
	"gazua.example/infra/stack/proc"
	"gazua.example/loadgen/census"
	"gazua.example/loadgen/internal/testdb"
)

// TestMain also is the program whose goroutines the tests dump.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "blocked" {
		blocked()
		return
	}
	code := m.Run()
	testdb.Stop()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// ledger is what a thousand want to write to, while one that has the lock waits for somebody else.
type ledger struct {
	mu      sync.Mutex
	entries int
}

func (l *ledger) post(answer <-chan struct{}) {
	l.mu.Lock()
	l.entries++
	if answer != nil {
		<-answer
	}
	l.mu.Unlock()
}

// other has a lock of the same kind that nobody waits for: its holder must not be taken for the ledger's.
func (l *ledger) audit(answer <-chan struct{}) {
	l.mu.Lock()
	<-answer
	l.mu.Unlock()
}

const crowdOfTest = 1000

// blocked is a program with an admin page: one goroutine holds a mutex that a thousand wait for, some more begin to wait with
// each half second, and two hand a lock to each other so that waiting costs something.
func blocked() {
	ctx, done := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer done()
	admin, err := lifecycle.StartAdmin("127.0.0.1:0", func() error { return nil }, http.NotFoundHandler())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	never := make(chan struct{})
	books, others := &ledger{}, &ledger{}
	go books.post(never)
	go others.audit(never)
	for !taken(&books.mu) || !taken(&others.mu) {
		time.Sleep(time.Millisecond)
	}
	for range crowdOfTest {
		go books.post(nil)
	}
	var contended sync.Mutex
	for range 2 { // of three or more the queue would never be empty, and Go's mutex profile would stay blind: docs/monitor.md
		go quarrel(&contended)
	}
	fmt.Println(admin.Addr())
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(100 * time.Millisecond):
			go leak(never)
		}
	}
}

func taken(mu *sync.Mutex) bool {
	if mu.TryLock() {
		mu.Unlock()
		return false
	}
	return true
}

func leak(never <-chan struct{}) { <-never }

func quarrel(mu *sync.Mutex) {
	for {
		mu.Lock()
		time.Sleep(2 * time.Millisecond)
		mu.Unlock()
		time.Sleep(time.Millisecond)
	}
}

// start begins that program as a process of a stack.
func start(t *testing.T) census.Stack {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	log := filepath.Join(t.TempDir(), "log")
	r, gone, err := proc.Start(proc.Spec{Name: "payment-api-1", Path: self, Args: []string{"blocked"}, Log: log, Env: os.Environ()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = r.Kill(context.Background())
		<-gone
	})
	for deadline := time.Now().Add(30 * time.Second); r.Admin == ""; time.Sleep(10 * time.Millisecond) {
		text, _ := os.ReadFile(log)
		if line, _, whole := bytes.Cut(text, []byte("\n")); whole {
			r.Admin = string(line)
		}
		if time.Now().After(deadline) {
			t.Fatalf("the program does not begin: %s", text)
		}
	}
	if err := r.Save(dir); err != nil {
		t.Fatal(err)
	}
	return census.Stack{RunDir: dir}
}
