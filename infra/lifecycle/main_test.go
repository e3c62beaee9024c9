package lifecycle

import (
	"testing"

	"go.uber.org/goleak"
)

// os/signal's own goroutine lives as long as the process once somebody has asked for signals.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("os/signal.signal_recv"), goleak.IgnoreTopFunction("os/signal.loop"))
}
