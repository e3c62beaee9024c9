package payment

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// answers is a service whose work takes a while, and what it was asked to do.
type answers struct {
	*Service
	worked time.Time // when the work ended
	early  bool
}

func (a *answers) within(wait, takes time.Duration) (Answer, error) {
	return a.Service.within(wait,
		func() (Answer, error) {
			time.Sleep(takes)
			a.worked = time.Now()
			return Answer{Status: 201}, nil
		},
		func() (Answer, error) {
			a.early = true
			return Answer{Status: 202}, nil
		})
}

func TestWithin(t *testing.T) {
	limits := DefaultLimits()
	for _, c := range []struct {
		name        string
		wait, takes time.Duration
		status      int
		after       time.Duration // the answer comes
	}{
		{"no wish: until it is done", 0, 4 * time.Second, 201, 4 * time.Second},
		{"quicker than the wish", 3 * time.Second, time.Second, 201, time.Second},
		{"slower than the wish", time.Second, 4 * time.Second, 202, time.Second},
		{"a wish as long as the deadline is none", limits.SyncDeadline, 7 * time.Second, 201, 7 * time.Second},
		{"a wish of less than nothing is none", -time.Second, time.Second, 201, time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, begun := &answers{Service: &Service{Limits: limits}}, time.Now()
				got, err := a.within(c.wait, c.takes)
				if took := time.Since(begun); err != nil || got.Status != c.status || took != c.after {
					t.Errorf("%d after %s, err %v; want %d after %s", got.Status, took, err, c.status, c.after)
				}
				if a.early != (c.status == 202) {
					t.Errorf("answered early: %t", a.early)
				}
				a.Wait()
				if a.worked.Sub(begun) != c.takes {
					t.Errorf("the work went on for %s, not %s: what is begun is settled", a.worked.Sub(begun), c.takes)
				}
			})
		})
	}
}

func TestWait_IsForAllWhoseCallersWereAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, begun := &Service{Limits: DefaultLimits()}, time.Now()
		for _, takes := range []time.Duration{3 * time.Second, 2 * time.Second} {
			a := &answers{Service: s}
			if got, _ := a.within(time.Second, takes); got.Status != 202 {
				t.Errorf("answered %d", got.Status)
			}
		}
		if n := s.UnderWay(); n != 2 {
			t.Errorf("%d under way", n)
		}
		s.Wait()
		if took := time.Since(begun); took != 3*time.Second {
			t.Errorf("waited %s", took)
		}
		if n := s.UnderWay(); n != 0 {
			t.Errorf("%d under way after all", n)
		}
	})
}

// Nobody stands above the work that a caller does not wait for: its panic is its own, and not the process'.
func TestWithin_APanicBehindTheCaller_IsAnErrorAndIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		s := &Service{Limits: DefaultLimits(), Log: slog.New(slog.NewTextHandler(&log, nil))}
		for _, after := range []time.Duration{0, 2 * time.Second} {
			got, err := s.within(time.Second,
				func() (Answer, error) { time.Sleep(after); panic("a mistake") },
				func() (Answer, error) { return Answer{Status: 202}, nil })
			if late := after > time.Second; late != (err == nil) || late && got.Status != 202 {
				t.Errorf("after %s: %d, %v", after, got.Status, err)
			}
		}
		s.Wait()
		if n := strings.Count(log.String(), "msg=panic where=payment reason=\"a mistake\""); n != 2 || s.UnderWay() != 0 {
			t.Errorf("%d told of, %d under way:\n%s", n, s.UnderWay(), &log)
		}
	})
}
