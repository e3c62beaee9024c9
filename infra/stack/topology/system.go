package topology

import "gazua.example/infra/config"

// The systems that the APIs can be.
const (
	renewed = "renewed"
	legacy  = "legacy"
)

// ReadLegacy reads from the environment which system the APIs are. All else of the stack is the same for both, so that they
// can be compared: the same MySQL, HAProxy and means. It is no layout: it says how a process is started, as the variables
// that are passed on do, and who wants the other system ends the APIs and starts them anew.
func ReadLegacy(c *config.Set) bool {
	system := c.String("SYSTEM", renewed, "what the APIs are: renewed, or legacy, the system before the renewal")
	c.Check(system == renewed || system == legacy, "SYSTEM=%q must be %s or %s (or empty: %s)", system, renewed, legacy, renewed)
	return system == legacy
}
