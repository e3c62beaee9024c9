package main

import (
	"strings"
	"testing"
)

func TestFiles_TheSoftLimitIsRaised_AndConnectionsAreLoweredToTheHardOne(t *testing.T) {
	p := launch(t, "ulimit -Sn 200; ulimit -Hn 400; ", t.TempDir())
	if stats := p.get(p.adminURL + "/stats"); !strings.Contains(stats, `"max_connections":272`) || !strings.Contains(stats, `"file_limit":400`) {
		t.Errorf("stats: %s", stats)
	}
	_ = p.command.Process.Kill()
	log, _ := p.wait()
	for _, want := range []string{`"level":"WARN"`, `"max_connections":200000`, `"lowered_to":272`, `"file_limit":400`} {
		if !strings.Contains(log, want) {
			t.Errorf("%s is not in the log: %s", want, log)
		}
	}
}
