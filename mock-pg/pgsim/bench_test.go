package pgsim

import (
	"strconv"
	"sync/atomic"
	"testing"

	"gazua.example/mock-pg/pgsim/script"
)

// What requests cost between their bodies and their answers, with the book's write(2), and without HTTP:
//
//	go test ./pgsim -run '^$' -bench . -benchtime 2s
func BenchmarkCharge(b *testing.B) {
	pay(b, func(answer func(means string, op script.Op, body string), reference string) {
		answer(PG, script.Charge, `{"reference":"`+reference+`","order_id":"o-1","merchant":"1","amount":20000,"currency":"KRW","token":"gz1;seed=7;charge=ok@fixed/50ms"}`)
	})
}

func BenchmarkReserveAndConfirm(b *testing.B) {
	pay(b, func(answer func(means string, op script.Op, body string), reference string) {
		answer(Point, script.Reserve, `{"reference":"`+reference+`","order_id":"o-1","merchant":"1","amount":20000,"currency":"KRW","token":"tok"}`)
		answer(Point, script.Confirm, `{"reference":"`+reference+`"}`)
	})
}

func BenchmarkChargeAndRefund(b *testing.B) {
	pay(b, func(answer func(means string, op script.Op, body string), reference string) {
		answer(PG, script.Charge, `{"reference":"`+reference+`","order_id":"o-1","merchant":"1","amount":20000,"currency":"KRW","token":"tok"}`)
		answer(PG, script.Refund, `{"reference":"`+reference+`.1","original":"`+reference+`","amount":500,"currency":"KRW"}`)
	})
}

// pay runs 16 clients at once, each with references of its own.
func pay(b *testing.B, one func(answer func(string, script.Op, string), reference string)) {
	bench := newBench(b, b.TempDir())
	defer bench.close()
	answer := func(means string, op script.Op, body string) {
		var r request
		if err := parseRequest(op, []byte(body), &r); err != nil {
			b.Error(err)
			return
		}
		done, err := bench.engines[means].take(&r)
		if err == nil {
			err = done.ticket.Wait()
		}
		if err != nil || len(done.answer.appendJSON(make([]byte, 0, 320), r.Reference)) == 0 {
			b.Error(err)
		}
	}
	var last atomic.Int64
	b.SetParallelism(8)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			one(answer, strconv.FormatInt(last.Add(1), 10)+".1")
		}
	})
}
