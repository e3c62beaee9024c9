package lifecycle

import (
	"os"
	"runtime/debug"
)

// How often the collector runs. A collection costs what is alive, however much garbage there is, and a payment leaves some
// 30 KB of garbage while hardly anything stays alive: with Go's default a process that makes 800 payments a second collects
// several times a second and spends some 8 % of its processor on it, with this some 2 %. It costs memory: between two
// collections the heap grows to five times what is alive instead of twice, for us by some 12 MiB.
const (
	gcPercent = 400
	// memoryLimit is where memory goes before processor: the nearer the process comes, the more often it collects, as
	// with Go's default or more. It is far above what a process here ever needs, and far below what a machine has.
	memoryLimit = 512 << 20
)

// CollectSeldom sets this. GOGC and GOMEMLIMIT, when set, win, each over its own.
func CollectSeldom() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
}
