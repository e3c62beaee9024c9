package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"gazua.example/infra/lifecycle"
	"gazua.example/infra/telemetry"
	"gazua.example/payment-api/events"
	"gazua.example/payment-api/gateway"
	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
	"gazua.example/payment-worker/callback"
	"gazua.example/payment-worker/consume"
	"gazua.example/payment-worker/relay"
	"gazua.example/payment-worker/rescue"
	"gazua.example/payment-worker/resolve"
	"gazua.example/payment-worker/retention"
	"gazua.example/payment-worker/sweep"
)

// serve wires the rooms together and works until it is told to stop.
func serve(s settings) error {
	stopping, cancel := lifecycle.Signals()
	defer cancel()
	tel, err := telemetry.Start(stopping, telemetry.Options{
		Service: "payment-worker", Instance: s.instance, Endpoint: s.otlp, SampleRatio: float64(s.sampleRatio) / 100, LogLevel: s.logLevel, LogTo: os.Stderr,
	})
	if err != nil {
		return err
	}
	db, err := mysql.Open(s.dsn, s.connections)
	if err != nil {
		return err
	}
	long, err := mysql.OpenForMaintenance(s.dsn)
	if err != nil {
		return err
	}
	means, err := gateway.New(s.means)
	if err != nil {
		return err
	}
	offsets := rescue.NewGroupOffsets(s.brokers, events.Group, events.Topic, events.Partitions)
	rescuer, err := rescue.New(mysql.NewOutbox(db), offsets, s.limits.RescueAfter, tel.Log)
	if err != nil {
		return err
	}
	store := mysql.NewStore(db, s.group)
	service := &payment.Service{Store: store, Gateway: means, Clock: wallClock{}, Delivery: rescuer, Limits: s.limits, Actor: s.instance, Log: tel.Log}
	callbacks := mysql.NewCallbacks(db)
	sender, err := callback.New(s.callbacks, callbacks, tel.Log)
	if err != nil {
		return err
	}
	keeper, err := retention.New(long, s.retention, tel.Log)
	if err != nil {
		return err
	}

	ready := &readiness{db: db, brokers: s.brokers}
	admin, err := lifecycle.StartAdmin(s.adminListen, ready.check, tel.Metrics)
	if err != nil {
		return err
	}
	if err := waitForTopics(stopping, s, tel.Log); err != nil {
		return err
	}
	dead := relay.NewWriter(s.brokers)
	settler := &consume.Settler{Payments: service, Means: means, Dead: dead, Log: tel.Log}
	consumer, err := consume.New(consume.Options{Brokers: s.brokers, Topic: events.Topic, Group: events.Group, Workers: s.workers}, settler, tel.Log)
	if err != nil {
		return err
	}
	ready.consumer.Store(consumer)
	outbox := relay.New(mysql.NewOutbox(db), s.brokers, tel.Log)

	consuming := begin(stopping, func(ctx context.Context) error { return consumer.Run(ctx) })
	others := begin(stopping, func(ctx context.Context) error {
		var all sync.WaitGroup
		all.Go(func() { outbox.Run(ctx) })
		all.Go(func() { rescuer.Run(ctx) })
		all.Go(func() { resolve.New(service, s.resolvers, tel.Log).Run(ctx) })
		all.Go(func() { sender.Run(ctx) })
		all.Go(func() { sender.Watch(ctx, callbacks.Backlog) })
		all.Go(func() { keeper.Run(ctx) })
		all.Go(func() {
			sweep.Run(ctx, tel.Log, sweep.Broom{Name: "idempotency keys", Keep: s.keyTTL, Sweep: store.SweepKeys},
				sweep.Broom{Name: "callbacks", Keep: keepCallbacks, Sweep: callbacks.Sweep})
		})
		all.Wait()
		return nil
	})
	tel.Log.Info("working", "admin", s.adminListen, "brokers", s.brokers)
	<-stopping.Done()
	return lifecycle.Stop(tel.Log,
		lifecycle.Phase{Name: "readiness off", Bound: time.Second, Do: func(context.Context) error { admin.Leave(); return nil }},
		lifecycle.Phase{Name: "finish messages, commit, leave the group", Bound: s.finish, Do: consuming},
		lifecycle.Phase{Name: "finish relay, resolver and callbacks", Bound: s.finish, Do: others},
		lifecycle.Phase{Name: "close pools", Bound: 5 * time.Second, Do: func(context.Context) error {
			means.Close()
			store.Close()
			offsets.Close()
			return errors.Join(outbox.Close(), dead.Close(), long.Close(), db.Close())
		}},
		lifecycle.Phase{Name: "flush telemetry", Bound: 5 * time.Second, Do: tel.Stop},
		lifecycle.Phase{Name: "close admin", Bound: time.Second, Do: admin.Stop},
	)
}

// keepCallbacks is for how long what was told can be looked up and sent again.
const keepCallbacks = 7 * 24 * time.Hour

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
