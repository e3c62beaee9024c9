package main

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// stubborn is work that takes so long to finish once it is told to stop.
func stubborn(name string, takes time.Duration) work {
	return work{name, func(ctx context.Context) {
		<-ctx.Done()
		time.Sleep(takes)
	}}
}

func TestTask_EndsWithTheLastOfItsWork_AndNamesWhoIsLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		task := beginAll([]work{stubborn("relay", 0), stubborn("resolver", 2*time.Second), stubborn("keeper", 5*time.Second)})
		synctest.Wait()
		if late := task.late(); late != "" {
			t.Errorf("%q is late, and nobody was told to stop", late)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := task.finish(ctx); !errors.Is(err, context.DeadlineExceeded) || task.late() != "resolver, keeper" {
			t.Errorf("%v, late: %q", err, task.late())
		}
		began := time.Now()
		if err := task.finish(t.Context()); err != nil || task.late() != "" || time.Since(began) != 4*time.Second {
			t.Errorf("%v, late: %q, after %s", err, task.late(), time.Since(began))
		}
	})
}

func TestTask_HandsItsErrorOn(t *testing.T) {
	lost := errors.New("not committed")
	task := begin(func(ctx context.Context) error { <-ctx.Done(); return lost })
	if err := task.finish(t.Context()); !errors.Is(err, lost) {
		t.Errorf("err = %v", err)
	}
}
