package recovery

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gazua.example/payment-api/mysql"
)

// estate is an inheritance that shrinks as the test says.
type estate struct {
	marks, looks int
	open         func(since time.Duration) (mysql.Inherited, error)
	began        time.Time
}

func (e *estate) mark(context.Context) (Inheritance, error) {
	e.marks++
	if _, err := e.open(time.Since(e.began)); err != nil {
		return nil, err
	}
	return e, nil
}

func (e *estate) Open(_ context.Context, limit int) (mysql.Inherited, error) {
	e.looks++
	if limit != Most {
		return mysql.Inherited{}, errors.New("without a bound")
	}
	return e.open(time.Since(e.began))
}

func (e *estate) watch(ctx context.Context) []string {
	var log bytes.Buffer
	e.began = time.Now()
	Watch(ctx, e.mark, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})))
	return strings.Split(strings.TrimSpace(log.String()), "\n")
}

func TestWatch_SaysWhatIsThere_AndWhenItIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &estate{open: func(since time.Duration) (mysql.Inherited, error) {
			if since >= 20*time.Second {
				return mysql.Inherited{}, nil
			}
			return mysql.Inherited{Due: 3, Leased: 2, Waiting: 1, Unsent: 10_000, Callbacks: 4, AtLeast: true}, nil
		}}
		got := e.watch(t.Context())
		if len(got) != 2 || got[0] != "level=INFO msg=recovering due=3 leased=2 waiting=1 unsent=10000 callbacks=4 at_least=true" || !strings.HasPrefix(got[1], "level=INFO msg=recovered elapsed_ms=2") {
			t.Errorf("told:\n%s", strings.Join(got, "\n"))
		}
		if e.marks != 1 || e.looks > 12 {
			t.Errorf("%d marks, %d looks in 20 s", e.marks, e.looks)
		}
	})
}

func TestWatch_NothingIsThere_SaysSoAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &estate{open: func(time.Duration) (mysql.Inherited, error) { return mysql.Inherited{}, nil }}
		got := e.watch(t.Context())
		if len(got) != 2 || got[1] != "level=INFO msg=recovered elapsed_ms=0" {
			t.Errorf("told:\n%s", strings.Join(got, "\n"))
		}
	})
}

// The moment is marked by the first look that reaches the database; later ones look back to it.
func TestWatch_TheDatabaseIsAway_ItAsksAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &estate{open: func(since time.Duration) (mysql.Inherited, error) {
			switch {
			case since < 5*time.Second || since > 8*time.Second && since < 15*time.Second:
				return mysql.Inherited{}, errors.New("away")
			case since <= 8*time.Second:
				return mysql.Inherited{Due: 1}, nil
			}
			return mysql.Inherited{}, nil
		}}
		if got := e.watch(t.Context()); len(got) != 2 || !strings.Contains(got[0], "recovering due=1") {
			t.Errorf("told:\n%s", strings.Join(got, "\n"))
		}
		if e.marks < 3 || e.looks < 2 {
			t.Errorf("%d marks, %d looks", e.marks, e.looks)
		}
	})
}

func TestWatch_ToldToStop_SaysNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		e := &estate{open: func(time.Duration) (mysql.Inherited, error) { return mysql.Inherited{Unsent: 1}, nil }}
		if got := e.watch(ctx); len(got) != 1 || time.Since(e.began) != time.Minute {
			t.Errorf("after %s told:\n%s", time.Since(e.began), strings.Join(got, "\n"))
		}
	})
}
