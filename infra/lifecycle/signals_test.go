package lifecycle

import (
	"context"
	"errors"
	"os"
	"syscall"
	"testing"
	"time"
)

// A second signal ends the phase that runs; what comes after has a moment each, and what needs less is done all the same.
func TestStop_ASecondSignal_CutsShort_AndAThirdChangesNothing(t *testing.T) {
	inBubble(t, func(t *testing.T, p *told) {
		p.again(3 * time.Second)
		p.again(3500 * time.Millisecond)
		p.again(4 * time.Second)
		finish := taking("finish", 8*time.Second)
		finish.Left, finish.Heir = func() string { return "2 requests" }, "others end them"
		began := time.Now()
		err := p.stop(taking("ready", time.Second), finish, taking("close", 900*time.Millisecond), taking("flush", 5*time.Second), taking("admin", 0))
		want := `shutdown phase "finish" was cut short by a second signal, with 2 requests left: others end them; shutdown phase "flush" was cut short by a second signal`
		if err == nil || err.Error() != want {
			t.Errorf("err = %v", err)
		}
		if got := p.outcomes(t); got != "ready:done finish:cut close:done flush:cut admin:done" {
			t.Error(got)
		}
		if took := time.Since(began); took != 4900*time.Millisecond { // 1 + 2 until the signal + 0.9 + a moment
			t.Errorf("it took %s", took)
		}
	})
}

func TestStop_ASecondSignal_DoesNotWaitForWhoIgnoresIt(t *testing.T) {
	inBubble(t, func(t *testing.T, p *told) {
		p.again(time.Second)
		deaf := Phase{Name: "deaf", Bound: 20 * time.Second, Do: func(context.Context) error { time.Sleep(time.Minute); return nil }}
		began := time.Now()
		if err := p.stop(deaf); !errors.Is(err, errCut) {
			t.Errorf("err = %v", err)
		}
		if took := time.Since(began); took != time.Second+grace {
			t.Errorf("it took %s", took)
		}
		time.Sleep(time.Minute)
	})
}

func TestSignals_TheSystemsSignals_AreTheOnesMeant(t *testing.T) {
	ctx, cancel := Signals()
	defer cancel()
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if err := self.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-ctx.Done()
	if told, why := reason(ctx); told != "terminated" || why != nil || closed(again(ctx)) {
		t.Errorf("%q, %v", told, why)
	}
	if err := self.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	<-again(ctx)
}
