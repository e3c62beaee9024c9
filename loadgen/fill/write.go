package fill

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A statement of this size holds some hundreds of rows, and what the server makes of its text stays in the caches of a core: one
// of a megabyte costs the server half as much again (70 µs of CPU a payment instead of 47), one of 16 KiB no less. Each is a
// transaction of its own.
const (
	statementBytes = 64 << 10
	statementRoom  = 4 << 10 // for the last payment's rows
)

// task is a part of one table. No two tasks have a row in common.
type task struct {
	rows         rowsOf
	first, until int64 // payments of the step
	every        int64 // of these each, or each of one merchant
}

func (t task) payments() int64 { return (t.until - t.first + t.every - 1) / t.every }

// keyTasks are into how many tasks the keys are cut.
const keyTasks = 8

// writer has the tasks done by a few connections.
type writer struct {
	step    *step
	waiting chan task
	mu      sync.Mutex
	written map[string]int64 // rows, by table
	all     atomic.Int64
	total   int64
}

// write fills all tables. The first error ends it.
func write(ctx context.Context, db *sql.DB, o Options, s *step) (map[string]int64, error) {
	tasks := s.tasks()
	w := &writer{step: s, waiting: make(chan task, len(tasks)), written: map[string]int64{}}
	for _, t := range tasks {
		w.total += t.payments() * int64(t.rows.each)
		w.waiting <- t
	}
	close(w.waiting)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var working, telling sync.WaitGroup
	for range o.Connections {
		working.Go(func() {
			if err := w.work(ctx, db, o); err != nil {
				cancel(err)
			}
		})
	}
	told := make(chan struct{})
	telling.Go(func() { w.tell(o.Say, told) })
	working.Wait()
	close(told)
	telling.Wait()
	return w.written, context.Cause(ctx)
}

// work takes tasks until there are none.
func (w *writer) work(ctx context.Context, db *sql.DB, o Options) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect to the database: %w", err)
	}
	defer conn.Close()
	if o.Loosen {
		back, err := withoutBinlog(ctx, conn)
		if err != nil {
			return err
		}
		defer back()
	}
	buffer := make([]byte, 0, statementBytes+statementRoom)
	for t := range w.waiting {
		if err := w.do(ctx, conn, t, buffer); err != nil {
			return fmt.Errorf("fill %s: %w", t.rows.table, err)
		}
	}
	return nil
}

func (w *writer) do(ctx context.Context, conn *sql.Conn, t task, buffer []byte) error {
	head := "INSERT INTO " + t.rows.table + " (" + t.rows.columns + ") VALUES "
	text, rows := append(buffer[:0], head...), int64(0)
	for i := t.first; i < t.until; i += t.every {
		p := w.step.payment(i)
		if rows > 0 {
			text = append(text, ',')
		}
		text = t.rows.row(text, w.step, &p)
		rows += int64(t.rows.each)
		if len(text) < statementBytes && i+t.every < t.until {
			continue
		}
		if err := w.insert(ctx, conn, t.rows.table, string(text), rows); err != nil {
			return err
		}
		text, rows = append(text[:0], head...), 0
	}
	return nil
}

func (w *writer) insert(ctx context.Context, conn *sql.Conn, table, statement string, rows int64) error {
	result, err := conn.ExecContext(ctx, statement)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n != rows {
		return errors.Join(fmt.Errorf("%d of %d rows were written", n, rows), err)
	}
	w.all.Add(rows)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.written[table] += rows
	return nil
}

// tasks of a step: the tables that are cut into days day by day, and the guards merchant by merchant, in the order of their
// primary keys: so pages are written once, and full. The keys' order is chance, whatever one does: they are written in the
// order in which they were made, at places all over the table, and so lie in pages as full as real ones. They come last, shared
// out to all connections: where they do not fit into memory most of their time is waiting for pages.
func (s *step) tasks() (tasks []task) {
	for _, rows := range ranged {
		for at := s.start.Truncate(day); at.Before(s.end); at = at.Add(day) {
			tasks = append(tasks, task{rows, s.from(at), s.from(at.Add(day)), 1})
		}
	}
	merchants := int64(len(s.merchants))
	for m := range merchants {
		tasks = append(tasks, task{guards, m, s.payments, merchants})
	}
	young := s.from(s.keysFrom)
	for n := range int64(keyTasks) {
		tasks = append(tasks, task{keys, young + (s.payments-young)*n/keyTasks, young + (s.payments-young)*(n+1)/keyTasks, 1})
	}
	return slices.DeleteFunc(tasks, func(t task) bool { return t.first >= t.until })
}

// progressEvery is how often a fill says how far it is.
const progressEvery = 5 * time.Second

func (w *writer) tell(to io.Writer, done <-chan struct{}) {
	if to == nil {
		return
	}
	began := time.Now()
	ticks := time.NewTicker(progressEvery)
	defer ticks.Stop()
	for {
		select {
		case <-done:
			return
		case <-ticks.C:
			w.line(to, time.Since(began))
		}
	}
}

func (w *writer) line(to io.Writer, took time.Duration) {
	n := float64(w.all.Load())
	fmt.Fprintf(to, "  %3.0f s  %.1f of %.1f million rows, %.0f rows/s\n", took.Seconds(), n/1e6, float64(w.total)/1e6, n/took.Seconds())
}
