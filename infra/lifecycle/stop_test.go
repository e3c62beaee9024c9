package lifecycle

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestStop_RunsThePhasesInOrder_AndTellsOfEach(t *testing.T) {
	inBubble(t, func(t *testing.T, p *told) {
		left := "3 requests"
		drain := taking("drain", 1500*time.Millisecond)
		drain.Left = func() string { return left }
		inner := drain.Do
		drain.Do = func(ctx context.Context) error { defer func() { left = "" }(); return inner(ctx) }
		skipped := taking("skipped", time.Second)
		skipped.Skip, skipped.Left = true, func() string { return "what never began" }
		if err := p.stop(taking("ready", 0), drain, skipped, taking("close", 250*time.Microsecond)); err != nil {
			t.Errorf("all was done, and it says %v", err)
		}
		got := p.lines(t)
		if len(got) != 5 || got[0].Msg != "shutdown begins" || got[0].Signal != "terminated" || got[0].InFlight != "3 requests" {
			t.Fatalf("log:\n%s", &p.log)
		}
		if p.outcomes(t) != "ready:done drain:done close:done" || got[2].Bound != 10_000 || got[2].Elapsed != 1500 || got[3].Elapsed != .25 || got[2].Error != "" {
			t.Errorf("log:\n%s", &p.log)
		}
		if last := got[4]; last.Msg != "shutdown ends" || last.Code == nil || *last.Code != 0 || last.Elapsed != 1500.25 || last.Left != "" {
			t.Errorf("log:\n%s", &p.log)
		}
	})
}

// A phase that fails does not keep the others from running, and the program cannot end with code 0.
func TestStop_APhaseThatFails_IsInTheError_AndTheOthersRun(t *testing.T) {
	inBubble(t, func(t *testing.T, p *told) {
		cause := errors.New("queue full")
		failing := Phase{Name: "flush", Bound: time.Second, Do: func(context.Context) error { return cause }}
		broken := Phase{Name: "close", Bound: time.Second, Do: func(context.Context) error { panic("a mistake") }}
		err := p.stop(failing, broken, taking("last", 0))
		if !errors.Is(err, cause) || err.Error() != `shutdown phase "flush" failed: queue full; shutdown phase "close" failed: panic: a mistake` {
			t.Errorf("err = %v", err)
		}
		if got := p.outcomes(t); got != "flush:failed close:failed last:done" {
			t.Error(got)
		}
		if last := p.lines(t); *last[len(last)-1].Code != 1 {
			t.Errorf("log:\n%s", &p.log)
		}
		if !strings.Contains(p.log.String(), `"msg":"panic","where":"shutdown","reason":"a mistake"`) {
			t.Errorf("nobody is told of the panic:\n%s", &p.log)
		}
	})
}

// Whatever a phase says of itself: with something left the code is not 0.
func TestStop_WhatIsLeft_IsNeverCode0(t *testing.T) {
	inBubble(t, func(t *testing.T, p *told) {
		lying := taking("finish", 0)
		lying.Left, lying.Heir = func() string { return "1 payment" }, "the resolver ends it"
		err := p.stop(lying)
		if err == nil || err.Error() != `shutdown phase "finish" failed: it says that it is done, with 1 payment left: the resolver ends it` {
			t.Errorf("err = %v", err)
		}
		if got := p.lines(t); got[1].Outcome != "failed" || got[1].Left != "1 payment" || got[2].Left != "1 payment" || *got[2].Code != 1 {
			t.Errorf("log:\n%s", &p.log)
		}
	})
}

func TestStop_AnOverrun_IsLeftBehind_WithWhatItLeft(t *testing.T) {
	for name, heeds := range map[string]bool{"it heeds its context": true, "it ignores it": false} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, p *told) {
				over := Phase{Name: "finish requests", Bound: 2 * time.Second, Left: func() string { return "3 requests, 1 payment" }, Heir: "the resolver of another process ends it"}
				over.Do = func(ctx context.Context) error {
					if !heeds {
						ctx = context.WithoutCancel(ctx)
					}
					return Pause(ctx, time.Minute)
				}
				began := time.Now()
				err := p.stop(over, taking("close", time.Second))
				want := `shutdown phase "finish requests" overran its bound of 2s, with 3 requests, 1 payment left: the resolver of another process ends it`
				if err == nil || err.Error() != want || !errors.Is(err, errOverrun) {
					t.Errorf("err = %v", err)
				}
				if got := p.outcomes(t); got != "finish requests:overrun close:done" {
					t.Error(got)
				}
				if got := p.lines(t)[1]; got.Left != "3 requests, 1 payment" || got.Error == "" || got.Elapsed < 2000 || got.Elapsed > 2200 {
					t.Errorf("%+v", got)
				}
				if took := time.Since(began); took > 3*time.Second+grace {
					t.Errorf("it took %s", took)
				}
				time.Sleep(time.Minute) // a bubble waits for whom it began
			})
		})
	}
}

// A program whose listener died ends in the same order, and says why; it did not do what it was started for.
func TestStop_WithoutASignal_SaysWhy_AndIsNotCode0(t *testing.T) {
	inBubble(t, func(t *testing.T, p *told) {
		ctx, fail := context.WithCancelCause(p.Context)
		died := errors.New("serve on :80: too many open files")
		fail(died)
		err := Stop(ctx, slog.New(slog.NewJSONHandler(&p.log, nil)), taking("finish", time.Second))
		if !errors.Is(err, died) || err.Error() != died.Error() {
			t.Errorf("err = %v", err)
		}
		if got := p.lines(t); got[0].Signal != "" || got[0].Reason != died.Error() || got[1].Outcome != "done" || *got[2].Code != 1 {
			t.Errorf("log:\n%s", &p.log)
		}
	})
	inBubble(t, func(t *testing.T, p *told) { // told to stop before it could fail: that was asked for
		ctx, fail := context.WithCancelCause(p.Context)
		p.signals <- syscall.SIGINT
		<-ctx.Done()
		fail(errors.New("stopped while waiting for the database"))
		if err := Stop(ctx, slog.New(slog.NewJSONHandler(&p.log, nil)), taking("close", 0)); err != nil || p.lines(t)[0].Signal != "interrupt" {
			t.Errorf("err = %v, log:\n%s", err, &p.log)
		}
	})
}
