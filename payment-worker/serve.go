package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"gazua.example/infra/config"
	"gazua.example/infra/lifecycle"
	"gazua.example/infra/telemetry"
	"gazua.example/payment-api/events"
	"gazua.example/payment-api/gateway"
	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
	"gazua.example/payment-worker/backlog"
	"gazua.example/payment-worker/callback"
	"gazua.example/payment-worker/consume"
	"gazua.example/payment-worker/relay"
	"gazua.example/payment-worker/rescue"
	"gazua.example/payment-worker/resolve"
	"gazua.example/payment-worker/retention"
	"gazua.example/payment-worker/sweep"
)

// serve wires the rooms together and works until it is told to stop.
func serve(stopping context.Context, set *config.Set, args []string, _ io.Writer) error {
	if len(args) > 0 {
		return fmt.Errorf("serve takes no arguments, not %q", args[0])
	}
	s := readSettings(set)
	if err := set.Err(); err != nil {
		return err
	}
	lifecycle.CollectSeldom()
	tel, err := telemetry.Start(stopping, telemetry.Options{
		Service: "payment-worker", Instance: s.instance, Endpoint: s.otlp, SampleRatio: float64(s.sampleRatio) / 100, LogLevel: s.logLevel, LogTo: os.Stderr,
	})
	if err != nil {
		return err
	}
	w, err := build(s, tel.Log)
	if err != nil {
		return err
	}
	admin, err := lifecycle.StartAdmin(s.adminListen, w.ready.check, tel.Metrics)
	if err != nil {
		return err
	}
	if err := waitForTopics(stopping, s, tel.Log); err != nil {
		return err
	}
	w.ready.consumer.Store(w.consumer)
	consuming := begin(stopping, w.consumer.Run)
	others := begin(stopping, w.others)
	tel.Log.Info("working", "admin", s.adminListen, "brokers", s.brokers)
	<-stopping.Done()
	return lifecycle.Stop(tel.Log,
		lifecycle.Phase{Name: "readiness off", Bound: time.Second, Do: func(context.Context) error { admin.Leave(); return nil }},
		lifecycle.Phase{Name: "finish messages, commit, leave the group", Bound: s.finish, Do: consuming},
		lifecycle.Phase{Name: "finish relay, resolver and callbacks", Bound: s.finish, Do: others},
		lifecycle.Phase{Name: "close pools", Bound: 5 * time.Second, Do: func(context.Context) error { return w.close() }},
		lifecycle.Phase{Name: "flush telemetry", Bound: 5 * time.Second, Do: tel.Stop},
		lifecycle.Phase{Name: "close admin", Bound: time.Second, Do: admin.Stop},
	)
}

// worker is the rooms of this program.
type worker struct {
	ready    *readiness
	consumer *consume.Consumer
	others   func(context.Context) error // everything besides the consumer, until ctx ends
	close    func() error
}

func build(s settings, log *slog.Logger) (*worker, error) {
	db, err := mysql.Open(s.dsn, s.connections)
	if err != nil {
		return nil, err
	}
	slow, err := mysql.OpenForMaintenance(s.dsn)
	if err != nil {
		return nil, err
	}
	means, err := gateway.New(s.means)
	if err != nil {
		return nil, err
	}
	rows := mysql.NewOutbox(db)
	offsets := rescue.NewGroupOffsets(s.brokers, events.Group, events.Topic, events.Partitions)
	rescuer, err := rescue.New(rows, offsets, s.limits.RescueAfter, log)
	if err != nil {
		return nil, err
	}
	keeper, err := retention.New(slow, s.retention, log)
	if err != nil {
		return nil, err
	}
	owed := mysql.NewCallbacks(db)
	callbacks, err := callback.New(s.callbacks, owed, log)
	if err != nil {
		return nil, err
	}
	store := mysql.NewStore(db, s.group)
	service := &payment.Service{Store: store, Gateway: means, Clock: wallClock{}, Delivery: rescuer, Limits: s.limits, Actor: s.instance, Log: log}
	dead := relay.NewWriter(s.brokers)
	settler := &consume.Settler{Payments: service, Means: means, Dead: dead, Log: log}
	consumer, err := consume.New(consume.Options{Brokers: s.brokers, Topic: events.Topic, Group: events.Group, Workers: s.workers}, settler, log)
	if err != nil {
		return nil, err
	}
	waiting, err := backlog.New(func(ctx context.Context, limit int) (mysql.Backlog, error) { return mysql.CountBacklog(ctx, db, limit) }, consumer, offsets, log)
	if err != nil {
		return nil, err
	}
	for name, pool := range map[string]*sql.DB{mysql.Payments: db, "maintenance": slow} {
		if err := mysql.WatchPool(pool, name); err != nil {
			return nil, err
		}
	}
	outbox := relay.New(rows, s.brokers, log)
	resolver := resolve.New(service, s.resolvers, log)
	return &worker{
		ready: &readiness{db: db, brokers: s.brokers}, consumer: consumer,
		others: together(outbox.Run, resolver.Run, rescuer.Run, callbacks.Run, keeper.Run, waiting.Run,
			func(ctx context.Context) { callbacks.Watch(ctx, owed.Backlog) },
			func(ctx context.Context) {
				sweep.Run(ctx, log, sweep.Broom{Name: "idempotency keys", Keep: s.keyTTL, Sweep: store.SweepKeys}, sweep.Broom{Name: "callbacks", Keep: keepCallbacks, Sweep: owed.Sweep})
			}),
		close: func() error {
			means.Close()
			offsets.Close()
			store.Close()
			return errors.Join(outbox.Close(), dead.Close(), slow.Close(), db.Close())
		},
	}, nil
}

// together runs all of them until ctx ends, and each of them has.
func together(work ...func(context.Context)) func(context.Context) error {
	return func(ctx context.Context) error {
		var all sync.WaitGroup
		for _, w := range work {
			all.Go(func() { w(ctx) })
		}
		all.Wait()
		return nil
	}
}

// begin starts work that runs until ctx ends, and returns the shutdown phase that waits for its end.
func begin(ctx context.Context, work func(context.Context) error) func(context.Context) error {
	ended := make(chan error, 1)
	go func() { ended <- work(ctx) }()
	return func(bound context.Context) error {
		select {
		case err := <-ended:
			return err
		case <-bound.Done():
			return fmt.Errorf("still at work: %w", bound.Err())
		}
	}
}

func waitForTopics(ctx context.Context, s settings, log *slog.Logger) error {
	for {
		err := consume.MakeTopics(ctx, s.brokers, events.Partitions, s.replicas, events.Topic, events.DeadLetter)
		if err == nil {
			return nil
		}
		log.Warn("waiting for Kafka", "error", err.Error())
		select {
		case <-ctx.Done():
			return fmt.Errorf("stopped while waiting for Kafka: %w", err)
		case <-time.After(time.Second):
		}
	}
}
