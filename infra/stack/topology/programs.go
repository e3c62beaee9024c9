package topology

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"

	"gazua.example/infra/stack/proc"
	"gazua.example/infra/stack/ready"
)

func (s Settings) mockPG(number int) Process {
	p := s.program(bed, number)
	dir := s.data(p.Name)
	p.Wave, p.Env = 0, append(p.Env, "BOOK_DIR="+dir)
	p.Prepare = func(context.Context) error { return os.MkdirAll(dir, 0o755) }
	p.StopBound = 10 * time.Second
	return p
}

func (s Settings) api(number int) Process {
	p := s.program("payment-api", number)
	p.Env = append(p.Env, s.means()...)
	if s.Legacy {
		p.Args = []string{"legacy"}
	}
	p.StopBound = 45 * time.Second // above the bounds of all phases of its shutdown
	return p
}

// worker has no port but its admin's: it serves nobody. It may call merchants back on this machine, and on no other
// private address, because there loadgen plays them. Old payments go to a folder that is its owner's only, as secrets are.
func (s Settings) worker(number int) Process {
	p := s.program("payment-worker", number)
	archive := s.Folder.Archive()
	p.Env = append(append(p.Env, s.means()...), "KAFKA_BROKERS="+s.at("PORT_BROKER"), "CALLBACK_ALLOW=127.0.0.1/32", "ARCHIVE_DIR="+archive)
	p.Prepare = func(context.Context) error { return os.MkdirAll(archive, 0o700) }
	p.StopBound = time.Minute // as the API's
	return p
}

// program is what our programs have in common.
func (s Settings) program(kind string, number int) Process {
	name := fmt.Sprintf("%s-%d", kind, number)
	knob := portKnob(name)
	env := append(s.processors(kind), "INSTANCE="+name, "ADMIN_LISTEN="+s.at(knob+"_ADMIN"))
	ports := []int{s.Ports[knob+"_ADMIN"]}
	if port, listens := s.Ports[knob]; listens {
		env = append(env, "LISTEN="+s.at(knob))
		ports = []int{port, s.Ports[knob+"_ADMIN"]}
	}
	return Process{
		Spec: proc.Spec{Name: name, Path: s.Binary(kind), Env: env, Log: s.log(name), Admin: s.at(knob + "_ADMIN")},
		Kind: kind, Wave: 1, Ports: ports, Commands: true, Prepare: nothing,
		Ready:      ready.HTTP("http://" + s.at(knob+"_ADMIN") + "/readyz"),
		StopSignal: syscall.SIGTERM,
	}
}

// processors is what the caller passes on, and, unless that says otherwise, how many processors one Go program uses at a
// time: half of those it may, since there are several of each. More only makes idle threads look for work that the other
// processes have, which costs both (measured: 8 % of the CPU on two cores, and half of the mock's delay).
func (s Settings) processors(kind string) []string {
	passed := passedTo(kind, s.Pass)
	for _, variable := range passed {
		if strings.HasPrefix(variable, "GOMAXPROCS=") {
			return passed
		}
	}
	mine := s.Layout.System
	if kind == bed {
		mine = s.Layout.Bed
	}
	available := len(mine)
	if available == 0 {
		available = runtime.NumCPU()
	}
	return append(passed, fmt.Sprintf("GOMAXPROCS=%d", max(1, available/2)))
}

// means is where the database and the payment means are; the mocks play all three.
func (s Settings) means() []string {
	mocks := s.mocks("")
	return []string{"MYSQL_DSN=" + s.database(), "PG_URL=" + mocks, "POINT_URL=" + mocks, "COUPON_URL=" + mocks}
}

// mocks are the URLs of all instances of the mock, comma-separated; those of the port that which names.
func (s Settings) mocks(which string) string {
	var urls []string
	for number := range s.Layout.Mocks {
		urls = append(urls, fmt.Sprintf("http://%s", s.at(fmt.Sprintf("PORT_MOCK_PG_%d%s", number+1, which))))
	}
	return strings.Join(urls, ",")
}

// portKnob is the variable that sets the port of a process.
func portKnob(name string) string {
	return "PORT_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}
