// payment-worker settles payments in the background: it relays the outbox to Kafka, settles what the messages name, and
// resolves what is unknown, abandoned or overdue.
//
//	payment-worker [serve]   work until told to stop
//	payment-worker help      every setting with its default
package main

import (
	"context"
	"errors"
	"fmt"
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
	"gazua.example/payment-worker/consume"
	"gazua.example/payment-worker/relay"
	"gazua.example/payment-worker/retention"
)

func main() {
	verb := "serve"
	if len(os.Args) > 1 {
		verb = os.Args[1]
	}
	if err := run(verb); err != nil {
		fmt.Fprintln(os.Stderr, "payment-worker: "+err.Error())
		os.Exit(1)
	}
}

func run(verb string) error {
	set := config.New("payment-worker", "payment-worker settles payments in the background. Verbs: serve, help.", os.LookupEnv)
	s := readSettings(set)
	switch verb {
	case "serve":
		if err := set.Err(); err != nil {
			return err
		}
		return serve(s)
	case "help", "-h", "--help":
		set.Help(os.Stdout)
		return nil
	}
	return fmt.Errorf("%q is not one of: serve, help", verb)
}

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
	means, err := gateway.New(s.means)
	if err != nil {
		return err
	}
	store := mysql.NewStore(db, s.group)
	service := &payment.Service{Store: store, Gateway: means, Clock: wallClock{}, Limits: s.limits, Actor: s.instance, Log: tel.Log}

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
		all.Go(func() { resolve(ctx, service, s.resolvers, tel.Log) })
		all.Go(func() { retention.Run(ctx, db, tel.Log) })
		all.Wait()
		return nil
	})
	tel.Log.Info("working", "admin", s.adminListen, "brokers", s.brokers)
	<-stopping.Done()
	return lifecycle.Stop(tel.Log,
		lifecycle.Phase{Name: "readiness off", Bound: time.Second, Do: func(context.Context) error { admin.Leave(); return nil }},
		lifecycle.Phase{Name: "finish messages, commit, leave the group", Bound: s.finish, Do: consuming},
		lifecycle.Phase{Name: "finish relay and resolver", Bound: s.finish, Do: others},
		lifecycle.Phase{Name: "close pools", Bound: 5 * time.Second, Do: func(context.Context) error {
			means.Close()
			store.Close()
			return errors.Join(outbox.Close(), dead.Close(), db.Close())
		}},
		lifecycle.Phase{Name: "flush telemetry", Bound: 5 * time.Second, Do: tel.Stop},
		lifecycle.Phase{Name: "close admin", Bound: time.Second, Do: admin.Stop},
	)
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

// Waits of the resolver: hardly any while there is work, and a look every now and then when there is none.
const (
	resolveIdle  = 200 * time.Millisecond
	resolveAgain = time.Second // after a failure
)

// resolve takes up open work that is due until ctx ends; what it has taken it finishes.
func resolve(ctx context.Context, service *payment.Service, limit int, log *slog.Logger) {
	for ctx.Err() == nil {
		taken, err := service.ResolveDue(context.WithoutCancel(ctx), limit)
		wait := resolveIdle
		switch {
		case err != nil:
			log.Warn("resolve", "error", err.Error())
			wait = resolveAgain
		case taken == limit:
			continue
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
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

type wallClock struct{}

func (wallClock) Now() time.Time { return time.Now() }
