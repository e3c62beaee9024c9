package pgsim_test

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"gazua.example/mock-pg/pgsim"
)

// A connection that changes hands must not count twice on its way, or a full house is called full too early.
func TestGate_FillsToTheLastPlace(t *testing.T) {
	const places = 500
	m := start(t, pgsim.Options{MaxConnections: places})
	var arriving sync.WaitGroup
	for c := range 10 {
		conns := make([]net.Conn, 0, places/10)
		for range places / 10 {
			conns = append(conns, m.dial())
		}
		arriving.Go(func() {
			for i, conn := range conns {
				text := body(fmt.Sprintf("%d-%d.1", c, i), "gz1;charge=silent")
				if _, err := fmt.Fprintf(conn, "POST /pg/v1/charge HTTP/1.1\r\nHost: m\r\nContent-Length: %d\r\n\r\n%s", len(text), text); err != nil {
					t.Errorf("%d-%d: %v", c, i, err)
				}
			}
		})
	}
	arriving.Wait()
	eventually(t, "all are held", func() bool { return m.held() == places })
	if _, stats := m.admin("/stats"); !strings.Contains(stats, `"refused":{}`) {
		t.Errorf("some were turned away: %s", stats)
	}
}

func TestGate_WhoLeavesMakesRoom(t *testing.T) {
	m := start(t, pgsim.Options{MaxConnections: 1})
	for n := range 20 {
		for _, token := range []string{"tok", "gz1;charge=reset", "gz1;charge=silent", "gz1;charge=late/1ms"} {
			eventually(t, "there is room for the next", func() bool {
				got := m.look("/pg/v1/charge", body(fmt.Sprintf("%d.1", n), token), 100*time.Millisecond)
				m.client.CloseIdleConnections()
				return got.status == http.StatusOK || token == "gz1;charge=reset" && got.cause == "reset" || token == "gz1;charge=silent" && got.cause == "timeout"
			})
		}
	}
}
