package chapter

import (
	"fmt"

	"gazua.example/loadgen/drill"
)

// Case is one picture and one row.
type Case struct {
	Name    string // of the picture's file
	Drill   string
	Control string // the patch; "": the product as it is
	Of      string // whose shutdown is drawn: api or worker
	Title   string
	Missing string // the phase that is left out, as it is called in the log; "" where none is
}

// program is what the processes' names begin with.
func (c Case) program() string { return "payment-" + c.Of }

// run is the name of its run's folder.
func (c Case) run() string {
	if c.Control != "" {
		return c.Control
	}
	return c.Drill
}

func (c Case) control(all []*drill.Control) (*drill.Control, error) {
	for _, known := range all {
		if known.Name == c.Control {
			return known, nil
		}
	}
	return nil, fmt.Errorf("there is no control %s", c.Control)
}

// phases of each program, in their order, as docs/graceful-shutdown names them: a row of a picture each, also of one that is
// left out.
var phases = map[string][]string{
	"api": {
		"readiness off", "balancer notices", "stop accepting", "finish requests", "finish detached work", "close pools", "flush telemetry", "close admin",
	},
	"worker": {"readiness off", "stop consuming", "finish background work", "close pools", "flush telemetry", "close admin"},
}

// cases in the order of the chapter. Those with the same run are two pictures of it.
var cases = []Case{
	{Name: "as-it-is-api", Drill: graceful, Of: "api", Title: "An API, nothing left out"},
	{Name: "without-readiness-off", Drill: graceful, Control: "shutdown-without-readiness-off", Of: "api", Title: "Without readiness off, a plain balancer", Missing: "readiness off"},
	{Name: "without-readiness-off-here", Drill: graceful, Control: "shutdown-without-readiness-off-here", Of: "api", Title: "Without readiness off, this stack's balancer", Missing: "readiness off"},
	{Name: "without-wait", Drill: graceful, Control: "shutdown-without-wait", Of: "api", Title: "Without waiting for the balancer, a plain one"},
	{Name: "without-wait-here", Drill: graceful, Control: "shutdown-without-wait-here", Of: "api", Title: "Without waiting for the balancer, this stack's"},
	{Name: "plain-balancer", Drill: graceful, Control: "baseline-graceful-shutdown-balancer-plain", Of: "api", Title: "Nothing left out, a plain balancer"},
	{Name: "without-farewell", Drill: graceful, Control: "shutdown-without-farewell", Of: "api", Title: "Without Connection: close, a balancer of connections"},
	{Name: "without-farewell-here", Drill: graceful, Control: "shutdown-without-farewell-here", Of: "api", Title: "Without Connection: close, this stack's balancer"},
	{Name: "connection-balancer", Drill: graceful, Control: "baseline-graceful-shutdown-balancer-of-connections", Of: "api", Title: "Nothing left out, a balancer of connections"},
	{Name: "without-finish-requests", Drill: graceful, Control: "shutdown-without-finish-requests", Of: "api", Title: "Without finishing requests", Missing: "finish requests"},
	{Name: "pools-first", Drill: graceful, Control: "shutdown-pools-first", Of: "api", Title: "Pools closed before the requests are finished"},
	{Name: "without-detached-work", Drill: graceful, Control: "shutdown-without-detached-work", Of: "api", Title: "Without finishing detached work", Missing: "finish detached work"},
	{Name: "without-close-pools", Drill: graceful, Control: "shutdown-without-close-pools", Of: "api", Title: "Without closing pools", Missing: "close pools"},
	{Name: "without-flush", Drill: graceful, Control: "shutdown-without-flush", Of: "api", Title: "Without flushing telemetry", Missing: "flush telemetry"},
	{Name: "as-it-is-worker", Drill: graceful, Of: "worker", Title: "A worker, nothing left out"},
	{Name: "without-stop-consuming", Drill: graceful, Control: "shutdown-without-stop-consuming", Of: "worker", Title: "Without finishing messages, commit and leave", Missing: "stop consuming"},
	{Name: "without-leave-group", Drill: graceful, Control: "shutdown-without-leave-group", Of: "worker", Title: "Without leaving the group"},
	{Name: "without-commit", Drill: graceful, Control: "shutdown-without-commit", Of: "worker", Title: "Without the last commit"},
	{Name: "without-background", Drill: graceful, Control: "shutdown-without-background", Of: "worker", Title: "Without finishing relay, resolver and callbacks", Missing: "finish background work"},
	{Name: "gathering-relay", Drill: graceful, Control: "baseline-graceful-shutdown-relay-that-gathers", Of: "worker", Title: "Nothing left out, a relay that gathers"},
	{Name: "second-signal-api", Drill: "double-sigterm", Of: "api", Title: "A second SIGTERM, an API"},
	{Name: "second-signal-worker", Drill: "double-sigterm", Of: "worker", Title: "A second SIGTERM, a worker"},
	{Name: "overrun-api", Drill: "overrun", Of: "api", Title: "A payment means that hangs, an API"},
	{Name: "overrun-worker", Drill: "overrun", Of: "worker", Title: "A payment means that hangs, a worker"},
}

const graceful = "graceful-shutdown"
