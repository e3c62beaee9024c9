// Command stack runs a whole payment system as processes on this machine: MySQL, a Kafka-protocol broker, HAProxy, the
// payment programs and the mock of the payment means. Its state is in files under .stack, so any shell can look and act.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"gazua.example/infra/config"
	"gazua.example/infra/stack/cpus"
	"gazua.example/infra/stack/topology"
)

const usage = `stack VERB [NAME]

  up            start everything that does not run, wait until all of it is ready
  down          stop everything in order; the data stays
  status        a table of the processes
  logs NAME     the last lines of a process's log (-f: and go on)
  start NAME    start one process and wait until it is ready
  stop NAME     end one process gracefully
  kill NAME     end it at once (SIGKILL)
  pause NAME    stop it where it stands (SIGSTOP)
  resume NAME   let it go on
  exec NAME VERB ARGS…
                run one command of a process's program in the environment of that process
  install       only get the servers that are missing
  clean         down, then remove the stack's folder with all data

`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	interrupted := ctx.Err() != nil
	stop()
	if err == nil {
		return
	}
	fmt.Fprintf(os.Stderr, "stack: %v\n", err)
	if interrupted {
		fmt.Fprintln(os.Stderr, "interrupted: what was started still runs, `make down` ends it")
	}
	os.Exit(1)
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		return help(os.Stdout)
	}
	s, err := open()
	if err != nil {
		return err
	}
	verb, names := args[0], args[1:]
	if act, ok := s.whole()[verb]; ok && len(names) == 0 {
		return s.locked(ctx, verb, act)
	}
	if act, ok := s.one()[verb]; ok && len(names) == 1 {
		return s.locked(ctx, verb+" "+names[0], func(ctx context.Context) error { return act(ctx, names[0]) })
	}
	switch {
	case verb == "exec" && len(names) >= 2:
		return s.exec(ctx, names[0], names[1:])
	case verb == "exec":
		return errors.New("exec needs the name of a process and a command of its program, such as `stack exec payment-worker-1 help`")
	case verb == "status" && len(names) == 0:
		return s.status(ctx, os.Stdout)
	case verb == "logs" && len(names) == 1:
		return s.logs(ctx, os.Stdout, names[0], false)
	case verb == "logs" && len(names) == 2 && names[1] == "-f":
		return s.logs(ctx, os.Stdout, names[0], true)
	}
	if _, ok := s.one()[verb]; ok || verb == "logs" {
		return fmt.Errorf("%s needs the name of one process; `stack status` lists them", verb)
	}
	return fmt.Errorf("there is no command %q; `stack help` lists them", strings.Join(args, " "))
}

// whole are the verbs that concern the whole stack.
func (s *stack) whole() map[string]func(context.Context) error {
	return map[string]func(context.Context) error{"up": s.up, "down": s.down, "clean": s.clean, "install": s.install}
}

// one are the verbs that concern one process and change it.
func (s *stack) one() map[string]func(context.Context, string) error {
	return map[string]func(context.Context, string) error{
		"start": s.start, "stop": s.stop, "kill": s.kill, "pause": s.pause, "resume": s.resume,
	}
}

func help(w io.Writer) error {
	c := config.New("stack", usage+"Passed on to our programs when set: "+strings.Join(topology.PassThrough(), ", ")+".", os.LookupEnv)
	c.String("STACK_DIR", ".stack beside go.work", "the stack's folder")
	c.String("MYSQLD", "", "a mysqld 8.4 or newer to use")
	c.String("HAPROXY", "", "a haproxy 2.4 or newer to use")
	c.String("DEBIAN_MIRROR", "", "the mirror to take Debian's packages from, else the machine's own")
	topology.ReadPorts(c, os.LookupEnv)
	present, _ := cpus.Of(0) // for the defaults that are shown
	topology.ReadLayout(c, os.LookupEnv, present)
	topology.ReadLegacy(c)
	topology.ReadMySQLVia(c)
	c.Help(w)
	return nil
}
