package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"gazua.example/infra/config"
	"gazua.example/infra/lifecycle"
	"gazua.example/infra/telemetry"
	"gazua.example/payment-api/events"
	"gazua.example/payment-worker/consume"
)

// program is what `payment-worker serve` has begun so far. It is told to stop at any moment: shutdown.go ends what there is.
type program struct {
	settings   settings
	began      time.Time
	tel        *telemetry.Telemetry
	rooms      rooms
	admin      *lifecycle.Admin
	consuming  *task
	background *task
}

// serve wires the rooms together and works until it is told to stop.
func serve(stopping context.Context, set *config.Set, args []string, _ io.Writer) error {
	if len(args) > 0 {
		return fmt.Errorf("serve takes no arguments, not %q", args[0])
	}
	p := &program{settings: readSettings(set), began: time.Now()}
	if err := set.Err(); err != nil {
		return err
	}
	lifecycle.CollectSeldom()
	running, fail := context.WithCancelCause(stopping) // ends also when we cannot go on
	defer fail(nil)
	var err error
	p.tel, err = telemetry.Start(running, telemetry.Options{
		Service: "payment-worker", Instance: p.settings.instance, Endpoint: p.settings.otlp,
		SampleRatio: float64(p.settings.sampleRatio) / 100, LogLevel: p.settings.logLevel, LogTo: os.Stderr,
	})
	if err != nil {
		return err
	}
	if err := p.start(running); err != nil {
		fail(err) // after a signal this says nothing any more: being stopped is why it did not start
	}
	<-running.Done()
	return lifecycle.Stop(running, p.tel.Log, p.phases()...)
}

// start opens one thing after another. What needs Kafka waits for it; the database is needed by each piece of work, which
// waits for it by itself.
func (p *program) start(ctx context.Context) (err error) {
	if err := p.rooms.build(p.settings, p.tel.Log); err != nil {
		return err
	}
	if p.admin, err = lifecycle.StartAdmin(p.settings.adminListen, p.rooms.ready.check, p.tel.Metrics); err != nil {
		return err
	}
	waited := time.Now()
	if err := waitForTopics(ctx, p.settings, p.tel.Log); err != nil {
		return err
	}
	waitedFor := time.Since(waited)
	p.rooms.ready.consumer.Store(p.rooms.consumer)
	p.consuming = begin(p.rooms.consumer.Run)
	p.background = beginAll(p.rooms.others)
	p.tel.Log.Info("working", "admin", p.admin.Addr(), "brokers", p.settings.brokers,
		"started_ms", time.Since(p.began).Milliseconds(), "kafka_ms", waitedFor.Milliseconds())
	return nil
}

func waitForTopics(ctx context.Context, s settings, log *slog.Logger) error {
	for {
		err := consume.MakeTopics(ctx, s.brokers, events.Partitions, s.replicas, events.Topic, events.DeadLetter)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil {
			log.Warn("waiting for Kafka", "error", err.Error())
		}
		if lifecycle.Pause(ctx, time.Second) != nil {
			return fmt.Errorf("stopped while waiting for Kafka: %w", err)
		}
	}
}
