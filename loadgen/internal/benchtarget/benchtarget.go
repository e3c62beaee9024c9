// Package benchtarget gives benchmarks a payment API in a process of its own, so that the CPU time of the benchmark's
// process is the generator's alone. Only tests import it.
package benchtarget

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

const role = "LOADGEN_TEST_ROLE"

// ServeIfChild never returns in the child process; TestMain calls it first.
func ServeIfChild() {
	if os.Getenv(role) != "target" {
		return
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr())
	panic(fasthttp.Serve(listener, serve))
}

// serve answers with the size that the real API's answers have, 202 first where it is asked to, PAID at once elsewhere.
func serve(ctx *fasthttp.RequestCtx) {
	order, amount := between(ctx.Request.Body(), `"order_id":"`, `"`), between(ctx.Request.Body(), `"amount":`, `,`)
	ctx.SetContentType("application/json")
	id, cancellation, canceling := bytes.Cut(ctx.Path()[len("/v1/payments"):], []byte("/cancellations"))
	switch {
	case canceling && len(cancellation) == 0:
		ctx.SetStatusCode(201)
		fmt.Fprintf(ctx, `{"payment_id":%q,"seq":1,"status":"SUCCEEDED","amount":20000,"currency":"KRW","refunds":[{"means":"PG","amount":20000,"status":"REFUNDED"}],"created_at":"2026-11-23T00:00:00.000000Z"}`, id[1:])
	case ctx.IsGet():
		fmt.Fprintf(ctx, `{"id":"7","status":"PAID","legs":[{"means":"PG","amount":20000,"status":"CAPTURED"}],"created_at":"2026-11-23T00:00:00Z","version":3}`)
	case len(ctx.Request.Header.Peek("Prefer")) > 0:
		ctx.SetStatusCode(202)
		fmt.Fprintf(ctx, `{"id":"7","status":"ACCEPTED","status_url":"/v1/payments/7"}`)
	default:
		ctx.SetStatusCode(201)
		fmt.Fprintf(ctx, `{"id":"7","order_id":%q,"status":"PAID","amount":%s,"currency":"KRW","canceled_amount":0,"legs":[{"means":"POINT","amount":3000,"status":"CAPTURED"},{"means":"PG","amount":20000,"status":"CAPTURED"}],"created_at":"2026-11-23T00:00:00.000000Z","version":3}`, order, amount)
	}
}

func between(b []byte, from, to string) string {
	_, rest, _ := bytes.Cut(b, []byte(from))
	text, _, _ := bytes.Cut(rest, []byte(to))
	return string(text)
}

// Start starts the child and returns its address.
func Start(b *testing.B) (url string) {
	b.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), role+"=target")
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := child.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = child.Process.Kill()
		_ = child.Wait()
	})
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return "http://" + strings.TrimSpace(addr)
}

// CPU is the time that this process has used, user and system.
func CPU() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail for the process itself
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
