// Package topology says which processes a stack consists of: their programs, ports, environment, order and when each is
// ready. It starts nothing.
//
//	wave 0: mysql  broker  mock-pg-1 … ─► (migrate) ─► wave 1: workers  APIs ─► wave 2: haproxy
//
// They are stopped in the opposite order of this list, so that none loses what it needs while it finishes its work.
package topology

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"gazua.example/infra/mysql"
	"gazua.example/infra/stack/folder"
	"gazua.example/infra/stack/install"
	"gazua.example/infra/stack/mysqld"
	"gazua.example/infra/stack/proc"
	"gazua.example/infra/stack/ready"
)

// Process is one process of a topology.
type Process struct {
	proc.Spec
	Kind     string // processes of one kind are stopped together
	Wave     int    // those of a wave start together, after the wave before is ready
	Ports    []int  // the first is the one that people mean
	Commands bool   // it is a program of ours, which can also run one command and end (Once)
	Prepare  func(context.Context) error
	Ready    ready.Check

	StopSignal syscall.Signal
	StopBound  time.Duration // then it is killed
}

// Settings is what a topology is made from.
type Settings struct {
	Folder         folder.Folder
	Bin            string // where `make build` puts our programs
	Ports          Ports
	Layout         Layout
	Passwords      mysql.Passwords
	MySQL, HAProxy install.Program
	Legacy         bool     // the APIs are those of the system before the renewal
	MySQLVia       string   // host:port where APIs and workers reach MySQL; empty: at its own port
	Pass           []string // KEY=value handed to our own programs as it is
}

// Waves is the number of waves.
const Waves = 3

// Single is the smallest whole system: one of each server, two of each program of ours, and the mock of the payment means,
// in one instance or some.
func Single(s Settings) []Process {
	processes := []Process{s.mysql(), s.broker()}
	for number := range s.Layout.Mocks {
		processes = append(processes, s.mockPG(number+1))
	}
	processes = append(processes,
		s.worker(1), s.worker(2),
		s.api(1), s.api(2),
		s.haproxy("payment-api-1", "payment-api-2"),
	)
	for i := range processes {
		p := &processes[i]
		if p.CPUs = s.Layout.Bed; p.Kind != bed {
			p.Nice, p.CPUs = measured, s.Layout.System
		}
	}
	return processes
}

// bed is the kind of those processes of the stack that belong to the bed.
const bed = "mock-pg"

// measured is how far what is measured stands back behind what measures (the mock, and the generator that a person
// starts): on a machine that is busy to its limit a late mock would be counted as a slow system.
const measured = 5

// Server is the topology's MySQL, whose DSNs others need.
func (s Settings) Server() mysqld.Server {
	return mysqld.Server{
		Program: s.MySQL, DataDir: filepath.Join(s.Folder.Data(), "mysql"), ConfigDir: s.Folder.Secrets(),
		Port: s.Ports["PORT_MYSQL"], Passwords: s.Passwords, Durable: true,
	}
}

// Binary is the file of a program of ours.
func (s Settings) Binary(program string) string { return filepath.Join(s.Bin, program) }

// Env tells loadgen where the system is, where the merchants' callbacks come and where the records of the processes lie
// (RUN_DIR: a NAME.json each, with pid and admin address), one KEY=value a line; it holds the verifier's password.
func (s Settings) Env(merchants string) string {
	var text strings.Builder
	for _, line := range [][2]string{
		{"TARGET", "http://" + s.at("PORT_HAPROXY")},
		{"PG_URL", s.mocks("")},
		{"PG_ADMIN", s.mocks("_ADMIN")},
		{"MYSQL_DSN", s.Server().VerifierDSN()},
		{"KAFKA_BROKERS", s.at("PORT_BROKER")},
		{"ARCHIVE_DIR", s.Folder.Archive()},
		{"RUN_DIR", s.Folder.Run()},
		{"BED_CPUS", s.Layout.Bed.String()},
		{"MERCHANTS_FILE", merchants},
		{"CALLBACK_LISTEN", s.at("PORT_CALLBACKS")},
	} {
		text.WriteString(line[0] + "=" + line[1] + "\n")
	}
	return text.String()
}

// Callbacks is the address below which each merchant has the URL of its callbacks.
func (s Settings) Callbacks() string { return "http://" + s.at("PORT_CALLBACKS") + "/callbacks" }

func (s Settings) at(port string) string { return fmt.Sprintf("127.0.0.1:%d", s.Ports[port]) }

func (s Settings) log(name string) string { return filepath.Join(s.Folder.Logs(), name+".log") }

func (s Settings) data(name string) string { return filepath.Join(s.Folder.Data(), name) }
