package legacy

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
)

func TestPay_ThreeMeans_InTheOrderOfTheSystem(t *testing.T) {
	pg := startPG(t)
	p := start(t, pg.URL())
	a := p.pay(t, body("o-three", 6000, [3]string{"PG", "3000", "gz1"}, [3]string{"COUPON", "1000", "gz1.c"}, [3]string{"POINT", "2000", "gz1.p"}))
	if a.status != 201 || a.Status != "PAID" || a.Order != "o-three" || a.Amount != 6000 || a.Currency != "KRW" || a.location != "/v1/payments/"+a.ID {
		t.Fatalf("%+v", a)
	}
	var got []string
	for _, e := range bookOf(t, pg) {
		got = append(got, e.Op+" "+e.Effect+" "+e.Reference)
		if e.Order != "" && (e.Order != "o-three" || e.Merchant != "1") {
			t.Errorf("booked for order %s of merchant %s", e.Order, e.Merchant)
		}
	}
	want := []string{"reserve held " + a.ID + ".1", "reserve held " + a.ID + ".2", "charge charged " + a.ID + ".3", "confirm captured " + a.ID + ".1", "confirm captured " + a.ID + ".2"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the book has %q, want %q", got, want)
	}
	again := p.ask(t, http.MethodGet, a.location, ours, "")
	if again.status != 200 || again.Status != "PAID" || len(again.Legs) != 3 || again.Legs[2] != (legView{"PG", 3000, "CAPTURED", ""}) || !again.Created.Equal(a.Created) {
		t.Errorf("%+v", again)
	}
	var reference, transaction string
	if err := admin.QueryRow("SELECT pg_reference, pg_transaction_id FROM legacy_payment WHERE id = ?", a.ID).Scan(&reference, &transaction); err != nil || reference != a.ID+".3" || transaction == "" {
		t.Errorf("the row has %q, %q, %v", reference, transaction, err)
	}
}

// watcher is a means that looks, at each call, at what another connection sees of the payment: what is committed.
type watcher struct {
	mu       sync.Mutex
	seen     []string
	from     map[string]bool // addresses that called
	headers  []string
	hold     chan struct{} // nil: answer at once
	received chan struct{}
}

func (w *watcher) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	var q question
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		http.Error(out, err.Error(), http.StatusBadRequest)
		return
	}
	id, _, _ := strings.Cut(q.Reference, ".")
	var state string
	var coupon, point, card sql.NullString
	_ = admin.QueryRow("SELECT state, coupon_state, point_state, pg_state FROM legacy_payment WHERE id = ?", id).Scan(&state, &coupon, &point, &card)
	w.mu.Lock()
	w.seen = append(w.seen, r.URL.Path+" "+state+" "+coupon.String+" "+point.String+" "+card.String)
	w.from[r.RemoteAddr] = true
	w.headers = append(w.headers, r.Header.Get("Idempotency-Key"))
	w.mu.Unlock()
	if w.hold != nil {
		w.received <- struct{}{}
		<-w.hold
	}
	result := map[string]string{"reserve": "held", "charge": "approved", "confirm": "captured"}[r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]]
	amount := map[string]int64{"1": 1000, "2": 2000, "3": 3000}[q.Reference[len(q.Reference)-1:]]
	_ = json.NewEncoder(out).Encode(answer{Result: result, Transaction: "t", Amount: amount, Currency: "KRW"})
}

func TestPay_EachStep_IsCommittedBeforeTheNextCall_WhichDialsAnew(t *testing.T) {
	w := &watcher{from: map[string]bool{}}
	means := httptest.NewServer(w)
	t.Cleanup(means.Close)
	p := start(t, means.URL)
	if a := p.pay(t, body("o-steps", 6000, [3]string{"POINT", "2000", "p"}, [3]string{"PG", "3000", "g"}, [3]string{"COUPON", "1000", "c"})); a.status != 201 || a.Status != "PAID" {
		t.Fatalf("%+v", a)
	}
	want := []string{
		"/coupon/v1/reserve PROCESSING PENDING PENDING PENDING",
		"/point/v1/reserve PROCESSING HELD PENDING PENDING",
		"/pg/v1/charge PROCESSING HELD HELD PENDING",
		"/coupon/v1/confirm PROCESSING HELD HELD CAPTURED",
		"/point/v1/confirm PROCESSING CAPTURED HELD CAPTURED",
	}
	if !reflect.DeepEqual(w.seen, want) {
		t.Errorf("the calls saw\n%s\nwant\n%s", strings.Join(w.seen, "\n"), strings.Join(want, "\n"))
	}
	if len(w.from) != 5 {
		t.Errorf("5 calls came over %d connections", len(w.from))
	}
}

func TestPay_NoIdempotencyNoGuardNoAsync(t *testing.T) {
	pg := startPG(t)
	p := start(t, pg.URL())
	request := body("o-again", 500, [3]string{"PG", "500", "gz1"})
	first := p.pay(t, request, "Idempotency-Key", "k", "Prefer", "respond-async")
	second := p.pay(t, request, "Idempotency-Key", "k")
	if first.status != 201 || first.Status != "PAID" || second.status != 201 || second.ID == first.ID {
		t.Errorf("%+v, then %+v", first, second)
	}
	if n := len(bookOf(t, pg)); n != 2 {
		t.Errorf("%d charges", n)
	}
}

func TestPay_ADecline_GivesBackAndEndsFailed(t *testing.T) {
	pg := startPG(t)
	p := start(t, pg.URL())
	a := p.pay(t, body("o-declined", 3000, [3]string{"PG", "1000", "gz1;charge=decline:stolen"}, [3]string{"COUPON", "500", "gz1"}, [3]string{"POINT", "1500", "gz1"}))
	if a.status != 201 || a.Status != "FAILED" || a.Reason != "stolen" {
		t.Fatalf("%+v", a)
	}
	live := map[string]int64{}
	for _, e := range bookOf(t, pg) {
		switch e.Effect {
		case "held", "charged":
			live[e.Reference] += e.Amount
		case "released":
			delete(live, e.Reference)
		}
	}
	again := p.ask(t, http.MethodGet, a.location, ours, "")
	if len(live) > 0 || again.Status != "FAILED" || again.Legs[0].Status != "RELEASED" || again.Legs[1].Status != "RELEASED" || again.Legs[2] != (legView{"PG", 1000, "DECLINED", "stolen"}) {
		t.Errorf("live %v, %+v", live, again)
	}
}

// What the renewed system calls UNKNOWN is FAILED here: the card is charged, and nobody will ever look.
func TestPay_ASilenceAfterTheCharge_IsTakenForAFailure(t *testing.T) {
	pg := startPG(t)
	p := start(t, pg.URL())
	for _, script := range []string{"gz1;charge=reset:after", "gz1;charge=amount/1:after"} {
		before := len(bookOf(t, pg))
		a := p.pay(t, body("o-silent", 700, [3]string{"PG", "700", script}))
		book := bookOf(t, pg)
		if a.status != 201 || a.Status != "FAILED" || a.Legs[0].Status != "ERROR" || len(book) != before+1 || book[before].Effect != "charged" {
			t.Errorf("%s: %+v, book %+v", script, a, book)
		}
	}
}

func TestDoor_Refusals(t *testing.T) {
	pg := startPG(t)
	p := start(t, pg.URL())
	paid := p.pay(t, body("o-mine", 500, [3]string{"PG", "500", "gz1"}))
	card := [3]string{"PG", "500", "gz1"}
	if _, err := admin.Exec("INSERT INTO api_key (key_hash, merchant_id, created_at, expires_at) VALUES (UNHEX(SHA2('gzk_expired', 256)), 1, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))"); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		method, path, key, body string
		status                  int
		slug                    string
	}{
		"no key":                {"POST", "/v1/payments", "", body("o", 500, card), 401, "unauthorized"},
		"a key of nobody":       {"POST", "/v1/payments", "gzk_nobody", body("o", 500, card), 401, "unauthorized"},
		"a key that expired":    {"POST", "/v1/payments", "gzk_expired", body("o", 500, card), 401, "unauthorized"},
		"another's payment":     {"GET", paid.location, theirs, "", 404, "not-found"},
		"no payment":            {"GET", "/v1/payments/0", ours, "", 404, "not-found"},
		"no id":                 {"GET", "/v1/payments/x", ours, "", 404, "not-found"},
		"no address":            {"POST", paid.location + "/cancellations", ours, "{}", 404, "not-served"},
		"no JSON":               {"POST", "/v1/payments", ours, "{", 400, "invalid-request"},
		"no order":              {"POST", "/v1/payments", ours, body("", 500, card), 400, "invalid-request"},
		"an order too long":     {"POST", "/v1/payments", ours, body(strings.Repeat("o", 65), 500, card), 400, "invalid-request"},
		"no money":              {"POST", "/v1/payments", ours, body("o", 0), 400, "invalid-request"},
		"no legs":               {"POST", "/v1/payments", ours, body("o", 500), 400, "invalid-request"},
		"legs of another sum":   {"POST", "/v1/payments", ours, body("o", 501, card), 400, "invalid-request"},
		"a negative leg":        {"POST", "/v1/payments", ours, body("o", 500, [3]string{"PG", "600", "t"}, [3]string{"POINT", "-100", "t"}), 400, "invalid-request"},
		"a means twice":         {"POST", "/v1/payments", ours, body("o", 1000, card, card), 400, "invalid-request"},
		"a means that is none":  {"POST", "/v1/payments", ours, body("o", 500, [3]string{"CASH", "500", "t"}), 400, "invalid-request"},
		"a leg without a token": {"POST", "/v1/payments", ours, body("o", 500, [3]string{"PG", "500", ""}), 400, "invalid-request"},
	} {
		a := p.ask(t, c.method, c.path, c.key, c.body)
		if a.status != c.status || a.problem.Type != "https://gazua.example/problems/legacy-"+c.slug {
			t.Errorf("%s: %d %s", name, a.status, a.problem.Type)
		}
	}
	if n := len(bookOf(t, pg)); n != 1 {
		t.Errorf("the book has %d entries of requests that were refused", n-1)
	}
}

func TestCreate_TwoProcessesAtOnce_BothGoOn(t *testing.T) {
	if _, err := admin.Exec("DROP TABLE IF EXISTS legacy_payment"); err != nil {
		t.Fatal(err)
	}
	db, err := open(server.AppDSN, 4)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	faults := make(chan error, 4)
	for range cap(faults) {
		go func() { faults <- table{db}.create(t.Context()) }()
	}
	for range cap(faults) {
		if err := <-faults; err != nil {
			t.Error(err)
		}
	}
}

func TestServe_ToldToStop_EndsWhatIsInFlight(t *testing.T) {
	w := &watcher{from: map[string]bool{}, hold: make(chan struct{}), received: make(chan struct{}, 1)}
	means := httptest.NewServer(w)
	t.Cleanup(means.Close)
	p := start(t, means.URL)
	if got := status(t, p.admin+"/readyz"); got != 200 {
		t.Fatalf("readyz is %d", got)
	}
	answers := make(chan answered, 1)
	go func() {
		defer close(answers)
		answers <- p.pay(t, body("o-stop", 3000, [3]string{"PG", "3000", "g"}))
	}()
	<-w.received
	p.stop()
	for status(t, p.admin+"/readyz") == 200 { // it does not leave before it was told
		runtime.Gosched()
	}
	close(w.hold)
	if a := <-answers; a.status != 201 || a.Status != "PAID" {
		t.Errorf("%+v", a)
	}
	if err := <-p.ended; err != nil {
		t.Error(err)
	}
	if _, err := http.Get(p.url); err == nil {
		t.Error("it still serves")
	}
}

func TestReach_NoDatabase_IsNotReady(t *testing.T) {
	db, err := open("u:secret@tcp(127.0.0.1:1)/payment", 1)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := reach(db); err == nil {
		t.Error("ready without a database")
	}
	if _, err := open("secret", 1); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
}

func TestWait_ToldToStopMeanwhile_Stops(t *testing.T) {
	db, err := open("u:p@tcp(127.0.0.1:1)/payment", 1)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := &system{table: table{db}}
	if err := s.wait(ctx, discard); err == nil || !errors.Is(err, context.Canceled) && !strings.Contains(err.Error(), "stopped") {
		t.Errorf("%v", err)
	}
}

func status(t *testing.T, url string) int {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	return response.StatusCode
}
