package topology

import (
	"slices"
	"strings"
)

// Once is the environment in which the process's program runs one command beside the process itself. It is the process's
// own but for what two cannot share: the name, or leases, logs and metrics would be taken for the process's, and the
// ports, which the kernel picks.
func (p Process) Once() []string {
	env := slices.Clone(p.Env)
	for i, variable := range env {
		switch name, value, _ := strings.Cut(variable, "="); name {
		case "INSTANCE":
			env[i] = name + "=" + value + "-cli"
		case "LISTEN", "ADMIN_LISTEN":
			env[i] = name + "=127.0.0.1:0"
		}
	}
	return env
}
