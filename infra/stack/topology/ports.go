package topology

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"gazua.example/infra/config"
)

// Ports are the ports in use, by the variable that sets each.
type Ports map[string]int

// portKnobs are all ports with their defaults. They are below 32768, where Linux begins to hand out ports by itself.
var portKnobs = []struct {
	env  string
	def  int
	help string
}{
	{"PORT_MYSQL", 13306, "MySQL"},
	{"PORT_BROKER", 19092, "Kafka broker"},
	{"PORT_MOCK_PG_1", 18085, "mock-pg-1, the payment means"},
	{"PORT_MOCK_PG_1_ADMIN", 18185, "mock-pg-1, admin"},
	{"PORT_MOCK_PG_2", 18086, "mock-pg-2, which runs when MOCK_PGS says so"},
	{"PORT_MOCK_PG_2_ADMIN", 18186, "mock-pg-2, admin"},
	{"PORT_MOCK_PG_3", 18087, "mock-pg-3, likewise"},
	{"PORT_MOCK_PG_3_ADMIN", 18187, "mock-pg-3, admin"},
	{"PORT_MOCK_PG_4", 18088, "mock-pg-4, likewise"},
	{"PORT_MOCK_PG_4_ADMIN", 18188, "mock-pg-4, admin"},
	{"PORT_PAYMENT_API_1", 18081, "payment-api-1"},
	{"PORT_PAYMENT_API_1_ADMIN", 18181, "payment-api-1, admin"},
	{"PORT_PAYMENT_API_2", 18082, "payment-api-2"},
	{"PORT_PAYMENT_API_2_ADMIN", 18182, "payment-api-2, admin"},
	{"PORT_PAYMENT_WORKER_1_ADMIN", 18191, "payment-worker-1, admin"},
	{"PORT_PAYMENT_WORKER_2_ADMIN", 18192, "payment-worker-2, admin"},
	{"PORT_HAPROXY", 18080, "HAProxy, the front door"},
	{"PORT_HAPROXY_STATS", 18480, "HAProxy's statistics page"},
	// No process of the stack listens here, so that `up` does not mind who does: loadgen does while it runs.
	{"PORT_CALLBACKS", 18090, "the merchants' callbacks, which loadgen receives during a run"},
}

// ReadPorts reads the ports from the environment. Chosen tells whether it names any.
func ReadPorts(c *config.Set, lookup func(string) (string, bool)) (ports Ports, chosen bool) {
	offset := c.Int("PORT_OFFSET", 0, 0, 40000, "added to the port of every process")
	ports = Ports{}
	holder := map[int]string{}
	for _, k := range portKnobs {
		port := c.Int(k.env, k.def, 1, 65535, "port of "+k.help) + offset
		c.Check(port <= 65535, "%s + PORT_OFFSET is %d, above 65535", k.env, port)
		c.Check(holder[port] == "", "%s and %s are both %d", k.env, holder[port], port)
		ports[k.env], holder[port] = port, k.env
		value, _ := lookup(k.env)
		chosen = chosen || value != ""
	}
	value, _ := lookup("PORT_OFFSET")
	return ports, chosen || value != ""
}

// Equal says whether both name the same ports.
func (p Ports) Equal(other Ports) bool { return maps.Equal(p, other) }

// Save remembers the ports under dir, so that a second shell finds the stack without being told again.
func (p Ports) Save(dir string) error {
	text, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the ports: %w", err)
	}
	path := filepath.Join(dir, "ports.json")
	if err := os.WriteFile(path+".new", append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("save the ports: %w", err)
	}
	return os.Rename(path+".new", path)
}

// LoadPorts reads what Save remembered; os.ErrNotExist when there was no `up` yet.
func LoadPorts(dir string) (Ports, error) {
	text, err := os.ReadFile(filepath.Join(dir, "ports.json"))
	if err != nil {
		return nil, err
	}
	return decodePorts(text)
}

func decodePorts(text []byte) (Ports, error) {
	p := Ports{}
	if err := json.Unmarshal(text, &p); err != nil {
		return nil, fmt.Errorf("read the saved ports: %w", err)
	}
	if p == nil { // the text was null
		return nil, errors.New("read the saved ports: there are none")
	}
	for _, k := range portKnobs {
		if _, saved := p[k.env]; !saved {
			p[k.env] = k.def // saved before this port existed
		}
		if p[k.env] < 1 || p[k.env] > 65535 {
			return nil, fmt.Errorf("read the saved ports: %s is %d, which is no port", k.env, p[k.env])
		}
	}
	return p, nil
}
