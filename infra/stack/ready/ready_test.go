package ready_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gazua.example/infra/stack/ready"
)

func TestHAProxy_WantsARealHealthCheckOfEveryServer(t *testing.T) {
	for name, c := range map[string]struct{ row1, row2, missing string }{
		"both healthy":      {"a,UP,L7OK", "b,UP,L7OK", ""},
		"one down":          {"a,UP,L7OK", "b,DOWN,L7STS", "b"},
		"one not asked yet": {"a,UP,INI", "b,UP,* L7OK", "a"},
		"going down":        {"a,UP 1/2,L7OK", "b,no check,", "b"},
	} {
		page := fmt.Sprintf("# svname,status,check_status\nFRONTEND,OPEN,\n%s\n%s\nBACKEND,UP,\n", c.row1, c.row2)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, page) }))
		err := ready.HAProxy(server.URL, "a", "b")(t.Context())
		server.Close()
		if (err == nil) != (c.missing == "") || err != nil && !strings.HasSuffix(err.Error(), " "+c.missing) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestHTTP_OnlyStatus200IsReady(t *testing.T) {
	status := http.StatusServiceUnavailable
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	defer server.Close()
	if err := ready.HTTP(server.URL)(t.Context()); err == nil {
		t.Error("503 counts as ready")
	}
	status = http.StatusOK
	if err := ready.HTTP(server.URL)(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestWait_EndsWithTheProcessOrThePatience(t *testing.T) {
	never := func(context.Context) error { return errors.New("not yet") }
	gone := make(chan struct{})
	close(gone)
	if err := ready.Wait(t.Context(), never, gone); err == nil || !strings.Contains(err.Error(), "ended by itself") {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := ready.Wait(ctx, never, nil); err == nil || !strings.Contains(err.Error(), "not yet") {
		t.Errorf("%v, want the last answer in it", err)
	}
}
