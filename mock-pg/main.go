// Command mock-pg is Gazua PAY, the mock of the external payment means. Package pgsim says what it does; this file is
// config → wire → serve → drain.
package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"gazua.example/infra/lifecycle"
	"gazua.example/infra/telemetry"
	"gazua.example/mock-pg/pgsim"
)

func main() {
	settings, knobs := readSettings(os.LookupEnv)
	err := knobs.Err()
	switch {
	case len(os.Args) > 1 && slices.Contains([]string{"help", "-h", "--help"}, os.Args[1]):
		knobs.Help(os.Stdout)
		return
	case len(os.Args) > 1:
		err = fmt.Errorf("mock-pg: %q is no command; `mock-pg` serves, `mock-pg help` lists its settings", os.Args[1])
	case err == nil:
		err = run(settings)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(s settings) error {
	signalled, stop := lifecycle.Signals()
	defer stop()
	t, err := telemetry.Start(signalled, telemetry.Options{
		Service: "mock-pg", Instance: s.instance, Endpoint: s.otlpEndpoint, LogLevel: s.logLevel, LogTo: os.Stderr,
	})
	if err != nil {
		return err
	}
	s.pgsim.Log, s.pgsim.Metrics = t.Log, t.Metrics
	if err := s.fitFiles(t.Log); err != nil {
		return err
	}
	server, err := pgsim.Start(s.pgsim)
	if err != nil {
		return err
	}
	t.Log.Info("serving", "payments", server.URL(), "admin", server.AdminURL(), "max_connections", s.pgsim.MaxConnections, "file_limit", s.pgsim.FileLimit)
	<-signalled.Done()
	stop() // a second signal ends the process at once

	return lifecycle.Stop(signalled, t.Log,
		lifecycle.Phase{Name: "readiness off", Bound: s.leaveNotice + time.Second, Do: func(context.Context) error {
			server.Leave()
			time.Sleep(s.leaveNotice) // clients close their connections on the next answer, instead of being cut off
			return nil
		}},
		lifecycle.Phase{Name: "finish what is in flight", Bound: s.drainBound, Do: server.Drain},
		lifecycle.Phase{Name: "flush the book", Bound: 10 * time.Second, Do: server.CloseBook},
		lifecycle.Phase{Name: "flush telemetry", Bound: 5 * time.Second, Do: t.Stop},
		lifecycle.Phase{Name: "close the admin port", Bound: 5 * time.Second, Do: server.CloseAdmin},
	)
}
