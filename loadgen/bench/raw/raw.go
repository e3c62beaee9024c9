// Package raw is the ceiling that everything else is measured against: the rows of card payments, written by the driver
// alone. No HTTP, no payment means, no grouping that has to wait for anybody: all clients go in step.
//
//	N clients ─► batches of 128 at most ─► tx1: key, guard, payment, legs, event, open work ─► tx2: outcome, event, answer, journal ─┐
//	                    ▲                                                                                                            │
//	                    └────────────────────────────────────────── the next payments ───────────────────────────────────────────────┘
//
// The tables are the payment tables' twins (raw_payment LIKE payment …) in the same database of the same server, so durability,
// indexes and partitions are the same, and the system neither sees nor moves a row of them. The statements are this package's
// own: it knows the tables, and no code of the system. After the load it counts whether every row is there.
package raw

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	_ "github.com/go-sql-driver/mysql" // the driver of the statements
)

// Bounds: with more members a batch gains nothing, and with more connections the commits wait for each other.
const (
	mostMembers     = 128
	mostConnections = 2
	mostClients     = 20_000
)

// Options of one measurement.
type Options struct {
	DSN      string // of a user that may make tables
	Clients  int
	Legs     int // 1: the card; 3: coupon, points and card
	Async    bool
	Duration time.Duration
	MySQL    int // pid of the server, whose CPU is measured; 0: it is not
}

// Figures are what was measured. The verdict says that all rows that were written are there.
type Figures struct {
	Verdict  string   `json:"verdict"` // ROWS, or FAIL
	Reasons  []string `json:"reasons,omitempty"`
	Payments int64    `json:"payments"`
	Seconds  float64  `json:"seconds"`
	Rate     float64  `json:"rate_per_s"`
	P50      float64  `json:"p50_ms"`
	P99      float64  `json:"p99_ms"`
	CPU      float64  `json:"client_cpu_us_per_payment"`
	MySQLCPU float64  `json:"mysql_cpu_us_per_payment"`
	Wrote    int64    `json:"rows_written"`
	Found    int64    `json:"rows_found"`
}

// Verdicts of a raw measurement: no invariant was judged, rows were counted.
const (
	Rows = "ROWS"
	Fail = "FAIL"
)

// Run makes the tables where they are missing, writes for the time that is asked for, and counts.
func Run(ctx context.Context, o Options) (Figures, error) {
	if o.Clients < 1 || o.Clients > mostClients || o.Legs != 1 && o.Legs != 3 || o.Duration <= 0 {
		return Figures{}, fmt.Errorf("raw needs 1 to %d clients, 1 leg or 3, and a duration", mostClients)
	}
	db, err := sql.Open("mysql", o.DSN+"?multiStatements=true&maxAllowedPacket=0")
	if err != nil {
		return Figures{}, err
	}
	defer db.Close()
	if err := makeTables(ctx, db); err != nil {
		return Figures{}, err
	}
	writers, err := connect(ctx, db, o)
	if err != nil {
		return Figures{}, err
	}
	before := readClocks(o.MySQL)
	began := time.Now()
	writeUntil(ctx, writers, began.Add(o.Duration))
	took := time.Since(began)
	after := readClocks(o.MySQL)
	f, waves := Figures{Seconds: took.Seconds()}, []wave(nil)
	for _, w := range writers {
		w.conn.Close()
		if w.fault != nil {
			return Figures{}, fmt.Errorf("write raw rows: %w", w.fault)
		}
		f.Payments += w.payments
		waves = append(waves, w.waves...)
	}
	if f.Payments == 0 {
		return Figures{}, errors.New("no raw payment was written within the time")
	}
	n := float64(f.Payments)
	f.Rate, f.P50, f.P99 = n/f.Seconds, percentile(waves, 0.50), percentile(waves, 0.99)
	f.CPU, f.MySQLCPU = (after.own-before.own)*1e6/n, (after.mysql-before.mysql)*1e6/n
	return f, f.count(ctx, db, writers, o)
}

// connect opens a connection for each writer and shares the clients out among them.
func connect(ctx context.Context, db *sql.DB, o Options) ([]*writer, error) {
	connections := min((o.Clients+mostMembers-1)/mostMembers, mostConnections)
	var writers []*writer
	for i := range connections {
		conn, err := db.Conn(ctx)
		if err != nil {
			return nil, fmt.Errorf("connect to the database for raw rows: %w", err)
		}
		clients := (o.Clients + i) / connections
		writers = append(writers, &writer{conn: conn, clients: clients, ids: ids{node: lastNode - uint64(i)}, rows: newRows(o, uint64(i))})
	}
	return writers, nil
}

func writeUntil(ctx context.Context, writers []*writer, end time.Time) {
	var group sync.WaitGroup
	for _, w := range writers {
		group.Go(func() { w.write(ctx, end) })
	}
	group.Wait()
}

// writer is the clients that share a connection.
type writer struct {
	conn     *sql.Conn
	clients  int
	ids      ids
	rows     *rows
	first    uint64 // id
	payments int64
	waves    []wave
	fault    error
}

// wave is one payment of each member of a batch: all of them begin and end together.
type wave struct {
	members int
	took    time.Duration
}

// write goes on until the end. Where a batch cannot hold all clients they take turns, and those who wait are waiting clients.
func (w *writer) write(ctx context.Context, end time.Time) {
	for time.Now().Before(end) && ctx.Err() == nil && w.fault == nil {
		began := time.Now()
		for rest := w.clients; rest > 0 && w.fault == nil; rest -= mostMembers {
			members := min(rest, mostMembers)
			w.fault = w.batch(ctx, members)
			w.waves = append(w.waves, wave{members, time.Since(began)})
		}
	}
}

func (w *writer) batch(ctx context.Context, members int) error {
	batch := w.rows.draw(&w.ids, members)
	if w.first == 0 {
		w.first = batch[0].id
	}
	for _, text := range []string{w.rows.begin(batch), w.rows.settle(batch)} {
		if _, err := w.conn.ExecContext(ctx, text); err != nil {
			return err
		}
	}
	w.payments += int64(members)
	return nil
}
