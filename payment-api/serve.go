package main

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"net"
	"os"
	"time"

	"gazua.example/infra/lifecycle"
	"gazua.example/infra/telemetry"
	"gazua.example/payment-api/gateway"
	"gazua.example/payment-api/httpapi"
	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
)

// program is what `payment-api serve` has opened so far. It is told to stop at any moment: shutdown.go ends what there is.
type program struct {
	settings settings
	began    time.Time
	tel      *telemetry.Telemetry
	service  *payment.Service
	api      *httpapi.API
	admin    *lifecycle.Admin
	serving  bool           // merchants can reach us
	pools    []func() error // closed in the opposite order
}

// serve wires the rooms together and serves until it is told to stop, or cannot any more.
func serve(s settings) error {
	p := &program{settings: s, began: time.Now()}
	lifecycle.CollectSeldom()
	stopping, cancel := lifecycle.Signals()
	defer cancel()
	running, fail := context.WithCancelCause(stopping) // ends also when we cannot go on
	defer fail(nil)
	var err error
	p.tel, err = telemetry.Start(running, telemetry.Options{
		Service: "payment-api", Instance: s.instance, Endpoint: s.otlp, SampleRatio: float64(s.sampleRatio) / 100, LogLevel: s.logLevel, LogTo: os.Stderr,
	})
	if err != nil {
		return err
	}
	if err := p.start(running, fail); err != nil {
		fail(err) // after a signal this says nothing any more: being stopped is why it did not start
	}
	<-running.Done()
	return lifecycle.Stop(running, p.tel.Log, p.phases()...)
}

// start opens one thing after another. What needs the database waits for it; nobody can reach us before all is there.
func (p *program) start(ctx context.Context, fail context.CancelCauseFunc) error {
	db, err := p.open(mysql.Payments, p.settings.connections)
	if err != nil {
		return err
	}
	means, err := gateway.New(p.settings.means)
	if err != nil {
		return err
	}
	p.closeLater(func() error { means.Close(); return nil })
	waited := time.Now()
	node, err := waitForNode(ctx, db, p.settings.instance, p.tel.Log)
	if err != nil {
		return err
	}
	waitedFor := time.Since(waited)
	if err := p.wire(ctx, db, means, node); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", p.settings.listen)
	if err != nil {
		return fmt.Errorf("listen for requests: %w", err)
	}
	p.serving = true
	go func() { fail(p.stoppedServing(p.api.Serve(listener))) }() // after a shutdown began it says nothing any more
	p.tel.Log.Info("serving", "listen", listener.Addr().String(), "admin", p.admin.Addr(), "node", node%payment.Nodes,
		"started_ms", time.Since(p.began).Milliseconds(), "database_ms", waitedFor.Milliseconds())
	return nil
}

// wire puts the rooms together.
func (p *program) wire(ctx context.Context, db *sql.DB, means *gateway.Gateway, node uint64) error {
	store := mysql.NewStore(db, p.settings.group)
	p.closeLater(func() error { store.Close(); return nil })
	p.service = &payment.Service{
		Store: store, Gateway: means, Clock: wallClock{}, IDs: payment.NewIDs(wallClock{}, node),
		Limits: p.settings.limits, Actor: p.settings.instance, Log: p.tel.Log,
	}
	keys := httpapi.NewKeys(func(ctx context.Context) (map[[32]byte]payment.MerchantID, error) { return mysql.Keys(ctx, db) })
	go keys.Watch(ctx, p.tel.Log)
	var err error
	if p.api, err = httpapi.New(p.service, keys, p.settings.door, p.tel.Log); err != nil {
		return err
	}
	healthDB, err := p.open("health", 1)
	if err != nil {
		return err
	}
	if p.service.Outbox, err = watchOutbox(ctx, healthDB, p.settings.outboxBound, p.tel.Log); err != nil {
		return err
	}
	p.admin, err = lifecycle.StartAdmin(p.settings.adminListen, watchHealth(ctx, healthDB).Ready, p.tel.Metrics)
	return err
}

// open makes a pool that is watched, and closed at the end.
func (p *program) open(name string, connections int) (*sql.DB, error) {
	db, err := mysql.Open(p.settings.dsn, connections)
	if err != nil {
		return nil, err
	}
	p.closeLater(db.Close)
	return db, mysql.WatchPool(db, name)
}

func (p *program) closeLater(pool func() error) { p.pools = append(p.pools, pool) }

func (p *program) stoppedServing(err error) error {
	if err == nil {
		return fmt.Errorf("serve on %s: the listener was closed", p.settings.listen)
	}
	return fmt.Errorf("serve on %s: %w", p.settings.listen, err)
}

// waitForNode waits for the database, since the id of every payment needs the number that it gives out.
func waitForNode(ctx context.Context, db *sql.DB, instance string, log *slog.Logger) (uint64, error) {
	for {
		node, err := mysql.TakeNode(ctx, db, instance)
		if err == nil {
			return node, nil
		}
		if ctx.Err() == nil {
			log.Warn("waiting for the database", "error", err.Error())
		}
		if lifecycle.Pause(ctx, time.Second) != nil {
			return 0, fmt.Errorf("stopped while waiting for the database: %w", err)
		}
	}
}
