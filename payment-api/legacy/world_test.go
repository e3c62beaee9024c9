package legacy

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"gazua.example/infra/stack/stacktest"
	"gazua.example/mock-pg/pgsim"
	"gazua.example/payment-api/mysql"
)

// The tests share one real MySQL with the schema and the merchants as the renewed system makes them: the keys are its own.
var (
	server *stacktest.MySQLServer
	admin  *sql.DB
)

const (
	ours   = "gzk_ours"
	theirs = "gzk_theirs"
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	started, stop, err := stacktest.StartMySQL(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, "the tests need a MySQL:", err)
		return 1
	}
	defer stop()
	server = started
	if admin, err = mysql.Open(server.AdminDSN, 2); err == nil {
		defer admin.Close()
		_, err = mysql.Migrate(context.Background(), admin)
	}
	if err == nil {
		err = mysql.RegisterMerchants(context.Background(), admin, []mysql.Merchant{
			{ID: 1, Name: "ours", APIKey: ours}, {ID: 2, Name: "theirs", APIKey: theirs},
		})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// process is a running system.
type process struct {
	url, admin string
	stop       context.CancelFunc
	ended      chan error
}

// start runs the system against means at that address; the test ends it.
func start(t *testing.T, means string) *process {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	p := &process{admin: "http://" + freeAddress(t), stop: cancel, ended: make(chan error, 1)}
	s := Settings{
		Listen: "127.0.0.1:0", AdminListen: p.admin[len("http://"):], Instance: "test", DSN: server.AppDSN, Connections: 8, MeansTimeout: 2 * time.Second,
		Finish: 10 * time.Second, LogLevel: "error", URLs: map[string][]string{"PG": {means}, "POINT": {means}, "COUPON": {means}},
	}
	at := make(chan net.Addr, 1)
	go func() {
		p.ended <- serve(ctx, s, func(addr net.Addr) { at <- addr })
		close(p.ended)
	}()
	select {
	case addr := <-at:
		p.url = "http://" + addr.String()
	case err := <-p.ended:
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); <-p.ended })
	return p
}

func freeAddress(t *testing.T) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// startPG starts the real mock, which books.
func startPG(t *testing.T) *pgsim.Server {
	t.Helper()
	pg, err := pgsim.Start(pgsim.Options{BookDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pg.Stop(context.Background()) })
	return pg
}

// booked is a line of its book.
type booked struct {
	Op, Effect, Reference string
	Order                 string `json:"order_id"`
	Merchant              string
	Amount                int64
}

func bookOf(t *testing.T, pg *pgsim.Server) (lines []booked) {
	t.Helper()
	response, err := http.Get(pg.AdminURL() + "/book?from=0")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	for decoder := json.NewDecoder(response.Body); ; {
		var line booked
		if err := decoder.Decode(&line); err == io.EOF {
			return lines
		} else if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
}

// answered is an answer of the system.
type answered struct {
	status   int
	location string
	view
	problem struct{ Type string }
}

func (p *process) ask(t *testing.T, method, path, key, body string, headers ...string) (a answered) {
	t.Helper()
	request, err := http.NewRequest(method, p.url+path, bytes.NewBufferString(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if key != "" {
		request.Header.Set("Authorization", "Bearer "+key)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var into any = &a.view
	if response.StatusCode >= 400 {
		into = &a.problem
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	a.status, a.location = response.StatusCode, response.Header.Get("Location")
	return a
}

func (p *process) pay(t *testing.T, body string, headers ...string) answered {
	t.Helper()
	return p.ask(t, http.MethodPost, "/v1/payments", ours, body, headers...)
}

// body is a request; a leg is means, amount and token.
func body(order string, amount int, legs ...[3]string) string {
	text := fmt.Sprintf(`{"order_id":%q,"amount":%d,"currency":"KRW","legs":[`, order, amount)
	for i, l := range legs {
		if i > 0 {
			text += ","
		}
		text += fmt.Sprintf(`{"means":%q,"amount":%s,"token":%q}`, l[0], l[1], l[2])
	}
	return text + "]}"
}
