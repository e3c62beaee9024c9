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
	legacy := &system{table: table{db}, means: newMeans(s.URLs, s.MeansTimeout), log: tel.Log}
	if err := legacy.wait(stopping, tel.Log); err != nil {
		return err
	}
	admin, err := lifecycle.StartAdmin(s.AdminListen, func() error { return reach(healthDB) }, tel.Metrics)
	if err != nil {
		return err
	}
	leaving := make(chan struct{})
	app := legacy.door(leaving)
	listener, err := net.Listen("tcp", s.Listen)
	if err != nil {
		return fmt.Errorf("listen for requests on %s: %w", s.Listen, err)
	}
	listening(listener.Addr())
	served := make(chan error, 1)
	go func() { served <- app.Listener(listener) }()
	tel.Log.Info("serving the system before the renewal", "listen", s.Listen, "admin", s.AdminListen)

	select {
	case err := <-served:
		return fmt.Errorf("serve on %s: %w", s.Listen, err)
	case <-stopping.Done():
	}
	return lifecycle.Stop(tel.Log,
		lifecycle.Phase{Name: "readiness off", Bound: time.Second, Do: func(context.Context) error { admin.Leave(); return nil }},
		lifecycle.Phase{Name: "balancer notices", Bound: s.BalancerWait + time.Second, Do: func(context.Context) error { time.Sleep(s.BalancerWait); return nil }},
		lifecycle.Phase{Name: "finish requests", Bound: s.Finish, Do: func(ctx context.Context) error { close(leaving); return app.ShutdownWithContext(ctx) }},
		lifecycle.Phase{Name: "close pools", Bound: 5 * time.Second, Do: func(context.Context) error { return errors.Join(db.Close(), healthDB.Close()) }},
		lifecycle.Phase{Name: "flush telemetry", Bound: 5 * time.Second, Do: tel.Stop},
		lifecycle.Phase{Name: "close admin", Bound: time.Second, Do: admin.Stop},
	)
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
