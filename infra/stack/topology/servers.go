package topology

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"gazua.example/infra/haproxy"
	"gazua.example/infra/stack/proc"
	"gazua.example/infra/stack/ready"
)

// utc: servers that print local times print the same ones everywhere.
var utc = []string{"TZ=UTC"}

func (s Settings) mysql() Process {
	server := s.Server()
	path, args := server.Command()
	return Process{
		Spec: proc.Spec{
			Name: "mysql", Path: path, Args: args, Env: utc, Log: s.log("mysql"),
			Also: []string{server.Program.Path, filepath.Join(server.ConfigDir, "my.cnf")},
		},
		Kind: "mysql", Wave: 0, Ports: []int{server.Port},
		Prepare: server.Prepare, Ready: ready.MySQL(server.AppDSN()),
		StopSignal: syscall.SIGTERM, StopBound: time.Minute, // it writes back its buffer pool
	}
}

func (s Settings) broker() Process {
	env := []string{fmt.Sprintf("PORT=%d", s.Ports["PORT_BROKER"]), "DATA_DIR=" + s.data("broker")}
	return Process{
		Spec: proc.Spec{Name: "broker", Path: s.Binary("broker"), Env: env, Log: s.log("broker")},
		Kind: "broker", Wave: 0, Ports: []int{s.Ports["PORT_BROKER"]},
		Prepare: nothing, Ready: ready.Kafka(s.at("PORT_BROKER")),
		StopSignal: syscall.SIGTERM, StopBound: 10 * time.Second,
	}
}

// haproxy is ready when it sees those APIs healthy.
func (s Settings) haproxy(apis ...string) Process {
	file := filepath.Join(s.Folder.Run(), "haproxy.cfg")
	balancer := haproxy.Balancer{Port: s.Ports["PORT_HAPROXY"], StatsPort: s.Ports["PORT_HAPROXY_STATS"]}
	for _, name := range apis {
		balancer.Servers = append(balancer.Servers, haproxy.Server{
			Name: name, Port: s.Ports[portKnob(name)], AdminPort: s.Ports[portKnob(name)+"_ADMIN"],
		})
	}
	// -db: in the foreground, so that the pid we start is the pid that serves.
	path, args := s.HAProxy.Command("-db", "-f", file)
	return Process{
		Spec: proc.Spec{Name: "haproxy", Path: path, Args: args, Env: utc, Log: s.log("haproxy"), Also: []string{s.HAProxy.Path, file}},
		Kind: "haproxy", Wave: 2, Ports: []int{balancer.Port, balancer.StatsPort},
		Prepare: func(context.Context) error { return os.WriteFile(file, []byte(balancer.Config()), 0o644) },
		Ready:   ready.HAProxy("http://"+s.at("PORT_HAPROXY_STATS"), apis...),
		// SIGUSR1 lets the requests under way finish (SIGTERM would cut them).
		StopSignal: syscall.SIGUSR1, StopBound: 8 * time.Second,
	}
}

func nothing(context.Context) error { return nil }
