package legacy

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/gofiber/fiber/v2"

	"gazua.example/infra/config"
	"gazua.example/infra/lifecycle"
	"gazua.example/infra/telemetry"
)

// Settings is what `payment-api legacy` can be told by its environment.
type Settings struct {
	Listen, AdminListen  string
	Instance             string
	DSN                  string
	Connections          int
	URLs                 map[string][]string // of the payment means, by their names
	MeansTimeout         time.Duration
	BalancerWait, Finish time.Duration
	LogLevel             string
}

// Read reads them. The names and defaults are those of `payment-api serve`, so that both are told alike.
func Read(set *config.Set) Settings {
	host, _ := os.Hostname()
	s := Settings{
		Listen:       set.String("LISTEN", "127.0.0.1:18081", "where merchants' requests are served"),
		AdminListen:  set.String("ADMIN_LISTEN", "127.0.0.1:18181", "where /livez, /readyz, /metrics and /debug/pprof are served"),
		Instance:     set.String("INSTANCE", "payment-api@"+host, "this process's name in logs"),
		DSN:          set.Secret("MYSQL_DSN", "the database, user:password@tcp(host:port)/payment"),
		Connections:  set.Int("MYSQL_CONNECTIONS", 16, 1, 256, "connections to the database"),
		MeansTimeout: set.Duration("MEANS_TIMEOUT", 2*time.Second, 10*time.Millisecond, time.Minute, "one call to a payment means; what has no answer by then counts as failed"),
		BalancerWait: set.Duration("BALANCER_WAIT", 1500*time.Millisecond, 0, time.Minute, "at shutdown: how long the balancer has to notice that we are not ready"),
		Finish:       set.Duration("FINISH_WITHIN", 15*time.Second, time.Second, 5*time.Minute, "at shutdown: how long requests in flight have to finish"),
		LogLevel:     set.String("LOG_LEVEL", "info", "debug, info, warn or error"),
		URLs:         map[string][]string{},
	}
	for _, means := range order {
		urls := set.Strings(means+"_URL", "http://127.0.0.1:18085", "where the calls to "+means+" go; several instances are comma-separated")
		set.Check(len(urls) > 0, "%s_URL names no instance", means)
		s.URLs[means] = urls
	}
	return s
}

// Serve serves until it is told to stop, and then ends what is in flight.
func Serve(s Settings) error {
	lifecycle.CollectSeldom() // as the renewed one does: a comparison is not one of collectors
	stopping, cancel := lifecycle.Signals()
	defer cancel()
	return serve(stopping, s, func(net.Addr) {})
}

// serve tells at which address it listens, for tests.
func serve(stopping context.Context, s Settings, listening func(net.Addr)) error {
	tel, err := telemetry.Start(stopping, telemetry.Options{Service: "payment-api", Instance: s.Instance, LogLevel: s.LogLevel, LogTo: os.Stderr})
	if err != nil {
		return err
	}
	db, err := open(s.DSN, s.Connections)
	if err != nil {
		return err
	}
	healthDB, err := open(s.DSN, 1) // a pool that is busy with payments is no reason to be taken out of service
	if err != nil {
		return err
	}
	running, fail := context.WithCancelCause(stopping)
	defer fail(nil)
	legacy := &system{table: table{db}, means: newMeans(s.URLs, s.MeansTimeout), log: tel.Log}
	d := &doorway{system: legacy, leaving: make(chan struct{})}
	if err := d.open(running, s, tel, func() error { return reach(healthDB) }, fail, listening); err != nil {
		fail(err) // after a signal this says nothing any more
	}
	<-running.Done()
	return lifecycle.Stop(running, tel.Log,
		lifecycle.Phase{Name: "readiness off", Skip: d.admin == nil, Bound: time.Second, Do: func(context.Context) error { d.admin.Leave(); return nil }},
		lifecycle.Phase{Name: "balancer notices", Skip: d.app == nil, Bound: s.BalancerWait + time.Second, Do: func(ctx context.Context) error {
			close(d.leaving)
			return lifecycle.Pause(ctx, s.BalancerWait)
		}},
		lifecycle.Phase{Name: "finish requests", Skip: d.app == nil, Bound: s.Finish, Do: func(ctx context.Context) error { return d.app.ShutdownWithContext(ctx) }},
		lifecycle.Phase{Name: "close pools", Bound: 5 * time.Second, Do: func(context.Context) error { return errors.Join(db.Close(), healthDB.Close()) }},
		lifecycle.Phase{Name: "flush telemetry", Bound: 5 * time.Second, Do: tel.Stop},
		lifecycle.Phase{Name: "close admin", Skip: d.admin == nil, Bound: time.Second, Do: func(ctx context.Context) error { return d.admin.Stop(ctx) }},
	)
}

// doorway is what merchants and operators reach; nil: not open yet.
type doorway struct {
	*system
	leaving chan struct{}
	admin   *lifecycle.Admin
	app     *fiber.App
}

// open waits for the database, and then lets merchants in.
func (d *doorway) open(ctx context.Context, s Settings, tel *telemetry.Telemetry, ready func() error, fail context.CancelCauseFunc, listening func(net.Addr)) (err error) {
	if err := d.wait(ctx, tel.Log); err != nil {
		return err
	}
	if d.admin, err = lifecycle.StartAdmin(s.AdminListen, ready, tel.Metrics); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", s.Listen)
	if err != nil {
		return fmt.Errorf("listen for requests on %s: %w", s.Listen, err)
	}
	listening(listener.Addr())
	d.app = d.door(d.leaving)
	go func() { fail(fmt.Errorf("serve on %s: %w", s.Listen, d.app.Listener(listener))) }() // after a signal this says nothing any more
	tel.Log.Info("serving the system before the renewal", "listen", s.Listen, "admin", s.AdminListen)
	return nil
}

// wait makes the table as soon as the database answers.
func (s *system) wait(ctx context.Context, log *slog.Logger) error {
	for {
		err := s.table.create(ctx)
		if err == nil {
			return nil
		}
		log.Warn("waiting for the database", "error", err.Error())
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return fmt.Errorf("stopped while waiting for the database: %w", err)
		}
	}
}

// reach asks whether the database answers.
func reach(db *sql.DB) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if err := db.PingContext(ctx); err != nil {
		return fmt.Errorf("the database does not answer: %w", err)
	}
	return nil
}
