package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"
)

// approved is an answer of the mock PG as it is over the wire.
const approved = `{"result":"approved","reference":"1000000.1","transaction_id":"t-1000000","amount":20000,"currency":"KRW","booked_at":"2026-11-23T00:00:00.000000000Z"}`

// mocks puts the same load on each server: charges as fast as 64 and 1,024 connections can, and 500 charges/s that ask for
// a delay of 50 ms. The others answer with one text; the mock PG books each charge before it answers.
func (b *bench) mocks(ctx context.Context) error {
	wrk, ok := b.find("wrk", byPackages)
	if !ok {
		return fmt.Errorf("without wrk nothing can be measured: %s", byPackages)
	}
	var rate, cost, added table
	for n := range b.repeats {
		for _, m := range b.servers() {
			s, err := m.start(ctx, "")
			if err != nil {
				return err
			}
			err = b.fast(ctx, wrk, m, s, &rate, &cost)
			s.stop()
			if err != nil {
				return err
			}
			if m.delayed == "" {
				continue
			}
			if s, err = m.start(ctx, m.delayed); err != nil {
				return err
			}
			err = b.slow(ctx, m, s, &added)
			s.stop()
			if err != nil {
				return err
			}
		}
		fmt.Printf("round %d of %d is done\n", n+1, b.repeats)
	}
	rate.print("Charges/s, median [least…most]:")
	cost.print("CPU-µs a charge of the server, user and system:")
	added.print("Added to a delay of 50 ms at 500/s, in ms:")
	return nil
}

// mock is a server that can stand for a payment provider.
type mock struct {
	name    string
	delayed string // how it is told to wait 50 ms; empty: it cannot
	warmUp  time.Duration
	start   func(ctx context.Context, delayed string) (*server, error)
}

func (b *bench) servers() []mock {
	all := []mock{
		{name: "nginx (static)", start: func(ctx context.Context, _ string) (*server, error) { return b.nginx(ctx, 200, approved) }},
		{name: "mock-pg (books each charge)", delayed: "token", start: b.mockPG},
	}
	jar, ok := b.find("wiremock-standalone-3.13.1.jar", byWireMock)
	java, err := exec.LookPath("java")
	if ok && err == nil {
		all = append(all, mock{name: "WireMock 3.13", delayed: "50", warmUp: 6 * time.Second, start: func(ctx context.Context, delayed string) (*server, error) {
			return b.wireMock(ctx, java, jar, delayed)
		}})
	}
	return all
}

func (b *bench) mockPG(ctx context.Context, _ string) (*server, error) {
	port, admin := freePort(), freePort()
	url := fmt.Sprintf("http://127.0.0.1:%d", port)
	folder := filepath.Join(b.work, "book-"+strconv.Itoa(port))
	return b.serve(ctx, &server{url: url, ready: fmt.Sprintf("http://127.0.0.1:%d/readyz", admin)}, "/usr/bin/env", "GOMAXPROCS=1",
		fmt.Sprintf("LISTEN=127.0.0.1:%d", port), fmt.Sprintf("ADMIN_LISTEN=127.0.0.1:%d", admin), "BOOK_DIR="+folder, filepath.Join(b.bin, "mock-pg"))
}

// wireMock runs as its makers advise for load: no request journal, no log, answers sent asynchronously.
func (b *bench) wireMock(ctx context.Context, java, jar, delayed string) (*server, error) {
	port := freePort()
	url := fmt.Sprintf("http://127.0.0.1:%d", port)
	s, err := b.serve(ctx, &server{url: url, ready: url + "/__admin/health"}, java, "-Xmx512m", "-jar", jar, "--port", strconv.Itoa(port), "--bind-address", "127.0.0.1",
		"--no-request-journal", "--disable-request-logging", "--async-response-enabled", "true", "--async-response-threads", "4", "--container-threads", "40",
		"--jetty-acceptor-threads", "2", "--jetty-accept-queue-size", "4096", "--root-dir", b.work)
	if err != nil {
		return nil, err
	}
	stub := map[string]any{
		"request":  map[string]any{"method": "POST", "urlPath": "/pg/v1/charge"},
		"response": map[string]any{"status": 200, "body": approved, "headers": map[string]string{"Content-Type": "application/json"}},
	}
	if delayed != "" {
		milliseconds, _ := strconv.Atoi(delayed)
		stub["response"].(map[string]any)["fixedDelayMilliseconds"] = milliseconds
	}
	text, _ := json.Marshal(stub)
	if err := post(url+"/__admin/mappings", text); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

var requestsPerSecond = regexp.MustCompile(`Requests/sec:\s+([0-9.]+)`)

// fast is the closed loop of wrk, each charge with a reference of its own.
func (b *bench) fast(ctx context.Context, wrk string, m mock, s *server, rate, cost *table) error {
	drive := func(connections int, length time.Duration) (float64, error) {
		_, said, err := spent(ctx, wrk, "-t1", fmt.Sprintf("-c%d", connections), fmt.Sprintf("-d%ds", int(length.Seconds())), "-s", b.file("charge.lua", luaCharge), s.url+"/pg/v1/charge")
		if err != nil {
			return 0, err
		}
		found := requestsPerSecond.FindStringSubmatch(said)
		if found == nil {
			return 0, fmt.Errorf("wrk says no rate: %s", said)
		}
		return strconv.ParseFloat(found[1], 64)
	}
	if m.warmUp > 0 {
		if _, err := drive(64, m.warmUp); err != nil {
			return err
		}
	}
	for _, connections := range []int{64, 1024} {
		before, began := s.cpu(), time.Now()
		reached, err := drive(connections, b.length)
		if err != nil {
			return err
		}
		used, took := s.cpu()-before, time.Since(began)
		column := fmt.Sprintf("%d connections", connections)
		rate.add(m.name, column, reached)
		cost.add(m.name, column, float64(used.Microseconds())/(reached*took.Seconds()))
	}
	return nil
}

const luaCharge = `local n = math.random(1, 1000000) * 1000000
request = function()
  n = n + 1
  return wrk.format("POST", nil, {["Content-Type"] = "application/json"}, '{"reference":"' .. n .. '.1","order_id":"bench-1","merchant":"1","amount":20000,"currency":"KRW","token":"gz1;seed=' .. n .. ';charge=ok"}')
end
`

// slow is an open load, and what each answer took beyond the 50 ms that it asked for.
func (b *bench) slow(ctx context.Context, m mock, s *server, added *table) error {
	vegeta, ok := b.find("vegeta", byVegeta)
	if !ok {
		return nil
	}
	const rate = 500
	type target struct {
		Method string              `json:"method"`
		URL    string              `json:"url"`
		Header map[string][]string `json:"header"`
		Body   []byte              `json:"body"`
	}
	var text []byte
	for n := range rate * int(b.length.Seconds()) {
		line, _ := json.Marshal(target{"POST", s.url + "/pg/v1/charge", map[string][]string{"Content-Type": {"application/json"}}, fmt.Appendf(nil,
			`{"reference":"%d.1","order_id":"bench-1","merchant":"1","amount":20000,"currency":"KRW","token":"gz1;seed=%d;charge=ok@fixed/50ms"}`, n+1, n+1)})
		text = append(append(text, line...), '\n')
	}
	results := filepath.Join(b.work, "results.bin")
	if _, _, err := spent(ctx, vegeta, "attack", "-format=json", "-targets="+b.file("charges.json", string(text)), fmt.Sprintf("-rate=%d", rate),
		fmt.Sprintf("-duration=%ds", int(b.length.Seconds())), "-output="+results); err != nil {
		return err
	}
	_, said, err := spent(ctx, vegeta, "encode", "-to=csv", results)
	if err != nil {
		return err
	}
	latencies, err := latenciesOf(said)
	if err != nil {
		return err
	}
	for _, q := range []struct {
		name string
		at   float64
	}{{"p50", 0.5}, {"p99", 0.99}, {"p99.9", 0.999}} {
		added.add(m.name, q.name, float64(latencies[int(float64(len(latencies)-1)*q.at)]-50*time.Millisecond)/float64(time.Millisecond))
	}
	return nil
}
