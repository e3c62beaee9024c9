package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

// created is an answer of the payment API as it is over the wire, so that each generator reads as much as it would in
// earnest.
const created = `{"id":"7","order_id":"bench-1","status":"PAID","amount":23000,"currency":"KRW","canceled_amount":0,` +
	`"legs":[{"means":"POINT","amount":3000,"status":"CAPTURED"},{"means":"PG","amount":20000,"status":"CAPTURED"}],` +
	`"created_at":"2026-11-23T00:00:00.000000Z","version":3}`

// order is a request of the same size as loadgen's.
const order = `{"order_id":"bench-0000000000-1","amount":23000,"currency":"KRW","legs":[` +
	`{"means":"POINT","amount":3000,"token":"gz1;seed=12345678901234567890;reserve=ok@fixed/5ms;confirm=ok@fixed/5ms"},` +
	`{"means":"PG","amount":20000,"token":"gz1;seed=12345678901234567890;charge=ok@lognormal/50ms/0.5"}]}`

// generator sends one load and says what it cost.
type generator struct {
	name   string
	rates  []int // 0: as fast as 64 connections can
	attack func(ctx context.Context, target string, rate int) (time.Duration, error)
}

// generators measures each generator at each rate, in turns, and counts the requests where they arrive.
func (b *bench) generators(ctx context.Context) error {
	target, err := b.nginx(ctx, 201, created)
	if err != nil {
		return err
	}
	defer target.stop()
	var perRequest, reached table
	for n := range b.repeats {
		for _, rate := range []int{2000, 8000, 0} {
			for _, g := range b.peers() {
				if !has(g.rates, rate) {
					continue
				}
				before, err := target.requests()
				if err != nil {
					return err
				}
				cpu, err := g.attack(ctx, target.url, rate)
				if err != nil {
					return err
				}
				after, err := target.requests()
				if err != nil {
					return err
				}
				sent := float64(after - before - 1) // the look before is one itself
				column := "at its maximum, 64 connections"
				if rate > 0 {
					column = fmt.Sprintf("at %d/s", rate)
				}
				perRequest.add(g.name, column, float64(cpu.Microseconds())/sent)
				reached.add(g.name, column, sent/b.length.Seconds())
			}
		}
		fmt.Printf("round %d of %d is done\n", n+1, b.repeats)
	}
	perRequest.print("CPU-µs a request, user and system, median [least…most]:")
	reached.print("Requests/s that arrived:")
	return nil
}

func has(rates []int, rate int) bool {
	for _, r := range rates {
		if r == rate {
			return true
		}
	}
	return false
}

// peers are the generators that are there.
func (b *bench) peers() []generator {
	seconds := fmt.Sprintf("%ds", int(b.length.Seconds()))
	all := []generator{{"loadgen", []int{2000, 8000, 0}, func(ctx context.Context, target string, rate int) (time.Duration, error) {
		cpu, _, err := spent(ctx, filepath.Join(b.bin, "fire"), "--target", target, "--rate", fmt.Sprint(rate), "--duration", seconds, "--folder", b.work)
		return cpu, err
	}}}
	if path, ok := b.find("vegeta", byVegeta); ok {
		all = append(all, generator{"vegeta (attack only)", []int{2000, 8000, 0}, func(ctx context.Context, target string, rate int) (time.Duration, error) {
			body := b.file("order.json", order)
			targets := b.file("targets", "POST "+target+"/v1/payments\nContent-Type: application/json\nAuthorization: Bearer key\nIdempotency-Key: key-1\n@"+body+"\n")
			args := []string{"attack", "-targets=" + targets, fmt.Sprintf("-rate=%d", rate), "-duration=" + seconds, "-output=" + filepath.Join(b.work, "vegeta.bin")}
			if rate == 0 {
				args = append(args, "-max-workers=64", "-connections=64")
			}
			cpu, _, err := spent(ctx, path, args...)
			return cpu, err
		}})
	}
	if path, ok := b.find("k6", byK6); ok {
		all = append(all, generator{"k6", []int{2000, 8000, 0}, func(ctx context.Context, target string, rate int) (time.Duration, error) {
			cpu, _, err := spent(ctx, path, "run", "--quiet", "--no-usage-report", "--summary-mode=disabled", b.file("k6.js", k6Script(target, rate, seconds)))
			return cpu, err
		}})
	}
	if path, ok := b.find("wrk", byPackages); ok {
		all = append(all, generator{"wrk (closed loop only)", []int{0}, func(ctx context.Context, target string, _ int) (time.Duration, error) {
			cpu, _, err := spent(ctx, path, "-t1", "-c64", "-d"+seconds, "-s", b.file("order.lua", luaOrder), target+"/v1/payments")
			return cpu, err
		}})
	}
	return all
}

const luaOrder = `wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer key"
wrk.headers["Idempotency-Key"] = "key-1"
wrk.body = [[` + order + `]]
`

func k6Script(target string, rate int, seconds string) string {
	executor := fmt.Sprintf(`executor: "constant-arrival-rate", rate: %d, timeUnit: "1s", preAllocatedVUs: 200, maxVUs: 1000`, rate)
	if rate == 0 {
		executor = `executor: "constant-vus", vus: 64`
	}
	return strings.NewReplacer("EXECUTOR", executor, "DURATION", seconds, "TARGET", target, "BODY", order).Replace(`import http from "k6/http";
export const options = { discardResponseBodies: false, scenarios: { load: { EXECUTOR, duration: "DURATION" } } };
const body = ` + "`BODY`" + `;
const params = { headers: { "Content-Type": "application/json", "Authorization": "Bearer key", "Idempotency-Key": "key-1" } };
export default function () { http.post("TARGET/v1/payments", body, params); }
`)
}
