package ports_test

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"

	"gazua.example/infra/stack/ports"
)

func TestFree_NamesWhoHoldsThePort(t *testing.T) {
	for _, network := range []string{"127.0.0.1:0", "[::]:0"} {
		listener, err := net.Listen("tcp", network)
		if err != nil {
			t.Skipf("no %s here: %v", network, err)
		}
		port := listener.Addr().(*net.TCPAddr).Port
		err = ports.Free(port)
		want := fmt.Sprintf("port %d is taken by pid %d: %s", port, os.Getpid(), os.Args[0])
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v\nwant %s", network, err, want)
		}
		listener.Close()
		if err := ports.Free(port); err != nil {
			t.Errorf("after Close: %v", err)
		}
	}
}
