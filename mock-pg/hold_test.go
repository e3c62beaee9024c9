package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The great hang: 20,000 clients have sent a charge, all are booked, nobody is answered, and all wait. Meanwhile others pay
// as if nothing were. One process holds as many as its limit of open files allows; what does not fit is held by a second
// instance, as it would be in earnest. The clients are processes of their own (holdClient), since their ends are files too.
//
//	HOLD=30s go test . -run Hold -v        the whole 30 s; by default 3
//	HOLD_CONNECTIONS=5000                  fewer, or more
func TestHold_20000ConnectionsThroughAHang(t *testing.T) {
	if testing.Short() {
		t.Skip("20,000 connections in -short")
	}
	lasts, err := time.ParseDuration(envOr("HOLD", "3s"))
	if err != nil {
		t.Fatal(err)
	}
	total, err := strconv.Atoi(envOr("HOLD_CONNECTIONS", "20000"))
	if err != nil {
		t.Fatal(err)
	}
	var houses []*house
	for _, share := range shares(total, roomOf(t)) {
		houses = append(houses, openHouse(t, share))
	}
	filling := time.Now()
	for _, h := range houses {
		h.fill()
	}
	for _, h := range houses {
		h.waitFor("all are held", func(s holdStats) bool { return s.Held == h.share })
	}
	t.Logf("%d connections in %d instances, held after %s", total, len(houses), time.Since(filling).Round(time.Millisecond))

	var visitors sync.WaitGroup
	for _, h := range houses {
		h.p.post("/pg/v1/charge", charge("first.1", "tok"))
		resetStats(t, h.p)
		visitors.Go(func() { h.visit(lasts) })
	}
	visitors.Wait()
	booked := 0
	for _, h := range houses {
		h.measure()
		booked += h.bookedHeld()
	}
	if booked != total {
		t.Errorf("%d charges of those who are held are booked, want %d", booked, total)
	}
	for _, h := range houses {
		h.empty()
	}
}

// visitorsOnTop is how many more connections than the held ones an instance must have room for.
const visitorsOnTop = 32

// roomOf is how many connections one instance may hold here.
func roomOf(t *testing.T) int {
	t.Helper()
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		t.Fatal(err)
	}
	room := int(min(l.Max, 200_000)) - filesBesides - visitorsOnTop
	if room < 1000 {
		t.Skipf("at most %d open files are allowed here", l.Max)
	}
	return room
}

// shares fills one instance after another.
func shares(total, room int) (all []int) {
	for ; total > 0; total -= room {
		all = append(all, min(total, room))
	}
	return all
}

// house is one instance with those it holds.
type house struct {
	t       *testing.T
	p       *process
	share   int
	clients []*client
	before  footprint // with as many ordinary charges booked as will be held
}

// footprint is what a process costs.
type footprint struct {
	rss        int // bytes
	goroutines int
}

type holdStats struct {
	Held      int `json:"held_connections"`
	Open      int `json:"open_connections"`
	FileLimit int `json:"file_limit"`
	Refused   map[string]int
	Added     struct {
		Count     int
		P50       float64 `json:"p50_ms"`
		P99, P999 float64
		Max       float64 `json:"max_ms"`
	} `json:"added_latency"`
}

// openHouse starts an instance and books as many ordinary charges as there will be held ones, so that what is measured
// afterwards is the connections.
func openHouse(t *testing.T, share int) *house {
	h := &house{t: t, p: launch(t, "", t.TempDir()), share: share}
	empty := h.footprint()
	var running sync.WaitGroup
	for c := range 8 {
		running.Go(func() {
			for i := c; i < share; i += 8 {
				if status, got := h.p.post("/pg/v1/charge", charge(fmt.Sprintf("warm-%d.1", i), "gz1;charge=ok")); status != 200 {
					t.Errorf("an ordinary charge: %d %v", status, got)
					return
				}
			}
		})
	}
	running.Wait()
	h.before = h.footprint()
	t.Logf("%d ordinary charges: %d bytes each", share, (h.before.rss-empty.rss)/share)
	return h
}

// perClient bounds the connections of one client process, and of one source address.
const perClient = 5000

func (h *house) fill() {
	for from := 0; from < h.share; from += perClient {
		h.clients = append(h.clients, startClient(h.t, strings.TrimPrefix(h.p.url, "http://"), from, min(perClient, h.share-from)))
	}
	for _, c := range h.clients {
		c.expect("sent")
	}
}

// visit pays in the ordinary way for a while, 200 times a second.
func (h *house) visit(lasts time.Duration) {
	var running sync.WaitGroup
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	places := make(chan struct{}, visitorsOnTop/2)
	var mu sync.Mutex
	var took []time.Duration
	for end, i := time.Now().Add(lasts), 0; time.Now().Before(end); i++ {
		<-tick.C
		places <- struct{}{}
		running.Go(func() {
			defer func() { <-places }()
			sent := time.Now()
			status, got := h.p.post("/pg/v1/charge", charge(fmt.Sprintf("visit-%d.1", i), "gz1;charge=ok"))
			mu.Lock()
			defer mu.Unlock()
			if took = append(took, time.Since(sent)); status != 200 || got["result"] != "approved" {
				h.t.Errorf("while others hang, a charge is answered %d %v", status, got)
			}
		})
	}
	running.Wait()
	slices.Sort(took)
	added := h.stats().Added
	h.t.Logf("%d ordinary charges meanwhile: p50 %s, p99 %s, max %s; added by the mock: p50 %.3f ms, max %.3f ms of %d",
		len(took), took[len(took)/2], took[len(took)*99/100], took[len(took)-1], added.P50, added.Max, added.Count)
	var page struct {
		P99 float64 `json:"p99_ms"`
	}
	if err := json.Unmarshal([]byte(h.p.get(h.p.adminURL+"/stats/added")), &page); err != nil {
		h.t.Error(err)
	}
	h.t.Logf("added latency p99 %.3f ms", page.P99)
	if added.Count < len(took) {
		h.t.Errorf("the mock measured %d answers of %d", added.Count, len(took))
	}
}

// tooDear is what a held connection must not cost.
const tooDear = 24 << 10

func (h *house) measure() {
	now := h.footprint()
	each := (now.rss - h.before.rss) / h.share
	h.t.Logf("%d held: RSS %d MB (%d MB before), %d bytes each, its record in the book included; %d goroutines; file limit %d",
		h.share, now.rss>>20, h.before.rss>>20, each, now.goroutines, h.stats().FileLimit)
	if each > tooDear && h.share >= 1000 {
		h.t.Errorf("%d bytes for each held connection, at most %d", each, tooDear)
	}
	if s := h.stats(); s.Held != h.share {
		h.t.Errorf("%d are still held, want %d", s.Held, h.share)
	}
}

func (h *house) bookedHeld() int {
	return strings.Count(h.p.get(h.p.adminURL+"/book?from=0"), `"effect":"charged","reference":"held-`)
}

// empty lets all clients go, and waits until the instance is as it was.
func (h *house) empty() {
	for _, c := range h.clients {
		c.leave()
	}
	h.waitFor("all have left", func(s holdStats) bool { return s.Held == 0 })
	h.p.client.CloseIdleConnections()
	deadline := time.Now().Add(20 * time.Second)
	for h.footprint().goroutines > h.before.goroutines+20 {
		if time.Now().After(deadline) {
			h.t.Fatalf("%d goroutines, before it was %d", h.footprint().goroutines, h.before.goroutines)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (h *house) stats() (s holdStats) {
	h.t.Helper()
	if err := json.Unmarshal([]byte(h.p.get(h.p.adminURL+"/stats")), &s); err != nil {
		h.t.Fatal(err)
	}
	return s
}

func (h *house) waitFor(what string, ok func(holdStats) bool) {
	h.t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for s := h.stats(); !ok(s); s = h.stats() {
		if time.Now().After(deadline) {
			h.t.Fatalf("still not so: %s; %+v, share %d", what, s, h.share)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (h *house) footprint() (f footprint) {
	h.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", h.p.command.Process.Pid))
	if err != nil {
		h.t.Skip("memory is measured by /proc, which is not here")
	}
	for line := range strings.Lines(string(status)) {
		if text, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, _ := strconv.Atoi(strings.Fields(text)[0])
			f.rss = kb << 10
		}
	}
	profile := h.p.get(h.p.adminURL + "/debug/pprof/goroutine?debug=1")
	if _, err := fmt.Sscanf(profile, "goroutine profile: total %d", &f.goroutines); err != nil || f.rss == 0 {
		h.t.Fatalf("%v: RSS %d, %.60s", err, f.rss, profile)
	}
	return f
}

func resetStats(t *testing.T, p *process) {
	t.Helper()
	res, err := http.Post(p.adminURL+"/stats/reset", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	http.DefaultClient.CloseIdleConnections()
}

func envOr(name, byDefault string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return byDefault
}
