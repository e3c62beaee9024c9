package run

import (
	"net"
	"strings"
	"testing"
	"time"

	"gazua.example/loadgen/client"
	"gazua.example/loadgen/scenario"
	"gazua.example/loadgen/verify"
)

// A run whose messages nobody could verify does not begin.
func TestPreflight_BrokerThatDoesNotAnswer_NothingIsSent(t *testing.T) {
	x := newSystem(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	x.stack.Kafka = listener.Addr().String()
	listener.Close() // nobody is there
	database, err := verify.OpenDatabase(t.Context(), x.stack.MySQL)
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close()
	settings := scenario.Default().Client
	settings.MaxIdle = 10 * time.Millisecond // its keeper of idle connections lives no longer than this test
	c, err := client.New(x.stack.Target, []string{"ka"}, settings)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, err = preflight(t.Context(), &x.stack, c, []Merchant{{ID: 1, Name: "a", Key: "ka"}}, database)
	if err == nil || !strings.Contains(err.Error(), x.stack.Kafka) || !strings.Contains(err.Error(), "nothing was sent") {
		t.Errorf("%v", err)
	}
	if len(x.payments) > 0 {
		t.Error("something was sent")
	}
}
