package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// work goes on until its context ends, and finishes what it has begun by then.
type work struct {
	name string
	run  func(context.Context)
}

// task is work that was begun. A panic in it ends the process: what stands around a single message, piece of open work or
// callback contains its own, and a loop that is broken is better begun anew than left out.
type task struct {
	stop  context.CancelFunc
	ended chan struct{} // then err is set
	err   error

	mu      sync.Mutex // guards what follows
	stopped bool
	running []string
}

// begin starts work whose end is an error or none.
func begin(run func(context.Context) error) *task {
	ctx, stop := context.WithCancel(context.Background())
	t := &task{stop: stop, ended: make(chan struct{})}
	go func() {
		defer close(t.ended)
		t.err = run(ctx)
	}()
	return t
}

// beginAll starts several beside each other; the task ends with the last of them.
func beginAll(all []work) *task {
	ctx, stop := context.WithCancel(context.Background())
	t := &task{stop: stop, ended: make(chan struct{})}
	for _, w := range all {
		t.running = append(t.running, w.name)
	}
	var group sync.WaitGroup
	for _, w := range all {
		group.Go(func() {
			defer t.over(w.name)
			w.run(ctx)
		})
	}
	go func() {
		defer close(t.ended)
		group.Wait()
	}()
	return t
}

func (t *task) over(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.running = slices.DeleteFunc(t.running, func(other string) bool { return other == name })
}

// finish tells the task to stop, and waits for its end or for that of ctx.
func (t *task) finish(ctx context.Context) error {
	t.mu.Lock()
	t.stopped = true
	t.mu.Unlock()
	t.stop()
	select {
	case <-t.ended:
		return t.err
	case <-ctx.Done():
		return fmt.Errorf("still at work: %w", ctx.Err())
	}
}

// late names what was told to stop and has not; before that nothing is late.
func (t *task) late() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.stopped {
		return ""
	}
	return strings.Join(t.running, ", ")
}
