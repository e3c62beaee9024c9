package main

import (
	"context"
	"database/sql"
	"log/slog"

	"gazua.example/payment-api/events"
	"gazua.example/payment-api/gateway"
	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
	"gazua.example/payment-worker/backlog"
	"gazua.example/payment-worker/callback"
	"gazua.example/payment-worker/consume"
	"gazua.example/payment-worker/recovery"
	"gazua.example/payment-worker/relay"
	"gazua.example/payment-worker/rescue"
	"gazua.example/payment-worker/resolve"
	"gazua.example/payment-worker/retention"
	"gazua.example/payment-worker/sweep"
)

// rooms is what the worker is made of. They connect when they are first used.
type rooms struct {
	ready     *readiness
	consumer  *consume.Consumer
	relay     *relay.Relay
	resolver  *resolve.Resolver
	callbacks *callback.Sender
	others    []work         // the work besides the consumer's
	pools     []func() error // closed in the opposite order
}

// build makes the rooms. After an error what is there already is to be closed all the same.
func (r *rooms) build(s settings, log *slog.Logger) error {
	db, err := r.open(mysql.Payments, func() (*sql.DB, error) { return mysql.Open(s.dsn, s.connections) })
	if err != nil {
		return err
	}
	slow, err := r.open("maintenance", func() (*sql.DB, error) { return mysql.OpenForMaintenance(s.dsn) })
	if err != nil {
		return err
	}
	means, err := gateway.New(s.means)
	if err != nil {
		return err
	}
	r.closeLater(func() error { means.Close(); return nil })
	offsets := rescue.NewGroupOffsets(s.brokers, events.Group, events.Topic, events.Partitions)
	r.closeLater(func() error { offsets.Close(); return nil })
	rows := mysql.NewOutbox(db)
	rescuer, err := rescue.New(rows, offsets, s.limits.RescueAfter, log)
	if err != nil {
		return err
	}
	store := mysql.NewStore(db, s.group)
	r.closeLater(func() error { store.Close(); return nil })
	service := &payment.Service{Store: store, Gateway: means, Clock: wallClock{}, Delivery: rescuer, Limits: s.limits, Actor: s.instance, Log: log}
	dead := relay.NewWriter(s.brokers)
	r.closeLater(dead.Close)
	settler := &consume.Settler{Payments: service, Means: means, Dead: dead, Log: log}
	r.consumer, err = consume.New(consume.Options{Brokers: s.brokers, Topic: events.Topic, Group: events.Group, Workers: s.workers}, settler, log)
	if err != nil {
		return err
	}
	r.relay = relay.New(rows, s.brokers, log)
	r.closeLater(r.relay.Close)
	r.resolver = resolve.New(service, s.resolvers, log)
	r.ready = &readiness{db: db, brokers: s.brokers}
	return r.keep(s, db, slow, store, offsets, rescuer, log)
}

// keep makes what works in the background.
func (r *rooms) keep(s settings, db, slow *sql.DB, store *mysql.Store, offsets *rescue.GroupOffsets, rescuer *rescue.Rescuer, log *slog.Logger) error {
	owed := mysql.NewCallbacks(db)
	var err error
	if r.callbacks, err = callback.New(s.callbacks, owed, log); err != nil {
		return err
	}
	keeper, err := retention.New(slow, s.retention, log)
	if err != nil {
		return err
	}
	waiting, err := backlog.New(func(ctx context.Context, limit int) (mysql.Backlog, error) { return mysql.CountBacklog(ctx, db, limit) }, r.consumer, offsets, log)
	if err != nil {
		return err
	}
	brooms := []sweep.Broom{
		{Name: "idempotency keys", Keep: s.keyTTL, Sweep: store.SweepKeys},
		{Name: "callbacks", Keep: keepCallbacks, Sweep: owed.Sweep},
	}
	inherited := func(ctx context.Context) (recovery.Inheritance, error) { return mysql.Now(ctx, db, recovery.Most) }
	r.others = []work{
		{"relay", r.relay.Run},
		{"resolver", r.resolver.Run},
		{"callbacks", r.callbacks.Run},
		{"rescuer", rescuer.Run},
		{"keeper of partitions", keeper.Run},
		{"backlog", waiting.Run},
		{"recovery", func(ctx context.Context) { recovery.Watch(ctx, inherited, log) }},
		{"callbacks' backlog", func(ctx context.Context) { r.callbacks.Watch(ctx, owed.Backlog) }},
		{"sweeper", func(ctx context.Context) { sweep.Run(ctx, log, brooms...) }},
	}
	return nil
}

// open makes a pool that is watched, and closed at the end.
func (r *rooms) open(name string, pool func() (*sql.DB, error)) (*sql.DB, error) {
	db, err := pool()
	if err != nil {
		return nil, err
	}
	r.closeLater(db.Close)
	return db, mysql.WatchPool(db, name)
}

func (r *rooms) closeLater(pool func() error) { r.pools = append(r.pools, pool) }
