package lifecycle_test

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"testing"
	"time"

	"gazua.example/infra/lifecycle"
)

func TestAdmin_ReadinessFollowsTheProgram_AndGoesOffWhenLeaving(t *testing.T) {
	var trouble error
	admin, err := lifecycle.StartAdmin("127.0.0.1:0", func() error { return trouble }, http.NotFoundHandler())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = admin.Stop(context.Background()) }()
	status := func(path string) int {
		res, err := http.Get("http://" + admin.Addr() + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res.StatusCode
	}
	if got := status("/readyz"); got != 200 {
		t.Errorf("ready: %d", got)
	}
	trouble = errors.New("no database")
	if got := status("/readyz"); got != 503 {
		t.Errorf("in trouble: %d", got)
	}
	trouble = nil
	admin.Leave()
	if got := status("/readyz"); got != 503 {
		t.Errorf("leaving: %d", got)
	}
	if got := status("/livez"); got != 200 {
		t.Errorf("live while leaving: %d", got)
	}
}

func TestAdmin_ProfilesOfWaiting_AreOffUntilAskedFor_AndGoOffAgain(t *testing.T) {
	admin, err := lifecycle.StartAdmin("127.0.0.1:0", func() error { return nil }, http.NotFoundHandler())
	if err != nil {
		t.Fatal(err)
	}
	first := admin
	defer func() { _ = first.Stop(context.Background()) }()
	ask := func(query string) int {
		res, err := http.Post("http://"+admin.Addr()+"/debug/profiling?"+query, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res.StatusCode
	}
	fraction := func() int { return runtime.SetMutexProfileFraction(-1) } // reads it
	for _, wrong := range []string{"", "mutex=10&block=1", "mutex=10&block=1&for=2m", "mutex=-1&block=1&for=1s", "mutex=1&block=1&for=0s"} {
		if got := ask(wrong); got != 400 {
			t.Errorf("%q: %d, want 400", wrong, got)
		}
	}
	if got := fraction(); got != 0 {
		t.Fatalf("the mutex profile is on (1 of %d) and nobody asked", got)
	}
	if got := ask("mutex=7&block=1000&for=30s"); got != 200 || fraction() != 7 {
		t.Errorf("on: %d, 1 of %d", got, fraction())
	}
	if got := ask("mutex=5&block=1000&for=30s"); got != 409 || fraction() != 7 {
		t.Errorf("a second one: %d, 1 of %d", got, fraction())
	}
	runtime.SetMutexProfileFraction(0)
	runtime.SetBlockProfileRate(0)

	other, err := lifecycle.StartAdmin("127.0.0.1:0", func() error { return nil }, http.NotFoundHandler())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Stop(context.Background()) }()
	admin = other
	if got := ask("mutex=7&block=1000&for=50ms"); got != 200 {
		t.Fatalf("on: %d", got)
	}
	for deadline := time.Now().Add(10 * time.Second); fraction() != 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not go off")
		}
	}
}
