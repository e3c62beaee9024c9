package pgsim

import (
	"bufio"
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"

	"gazua.example/mock-pg/pgsim/book"
)

// A statement is what a means says at the end of a business day: one line for each capture that was booked that day and
// not voided since, and one for each refund that was booked that day, whatever day its original is of.
//
//	{"kind":"capture","reference":"7.1","transaction_id":"t-5","amount":100,"currency":"KRW","booked_at":"…"}
//	{"kind":"refund","reference":"7.1.1","original":"7.1","transaction_id":"t-9","amount":40,"currency":"KRW","booked_at":"…"}
//	{"kind":"end","count":2,"sum_captures":100,"sum_refunds":40}
//
// The last line lets a reader notice an answer that was cut. A day that is not over changes while it is told: each capture
// and its refunds are of one moment, the whole is not.
//
// It is told one shard after another, in the order of booking inside of each: what has to be kept for that is a sixty-fourth.

// seoul is where the business day is counted: Asia/Seoul, which has no summer time since 1988.
var seoul = time.FixedZone("Asia/Seoul", 9*60*60)

// day is a business day: [from, until) in seconds since 1970. Seconds, since nanoseconds end in 2262.
type day struct{ from, until int64 }

func parseDay(text string) (day, error) {
	start, err := time.ParseInLocation(time.DateOnly, text, seoul)
	if err != nil {
		return day{}, fmt.Errorf("date must be a day such as 2026-01-31, not %.20q", text)
	}
	return day{start.Unix(), start.AddDate(0, 0, 1).Unix()}, nil
}

func (d day) has(ns int64) bool { s := ns / int64(time.Second); return d.from <= s && s < d.until }

// statementLine is a capture, or a refund when it has an original.
type statementLine struct {
	reference, original, currency string
	id                            uint64
	amount, at                    int64
}

func (l *statementLine) appendJSON(to []byte) []byte {
	kind := `{"kind":"capture","reference":"`
	if l.original != "" {
		kind = `{"kind":"refund","reference":"`
	}
	to = append(append(append(to, kind...), l.reference...), '"')
	if l.original != "" {
		to = append(append(append(to, `,"original":"`...), l.original...), '"')
	}
	to = append(book.AppendTransactionID(append(to, `,"transaction_id":"`...), l.id), '"')
	to = strconv.AppendInt(append(to, `,"amount":`...), l.amount, 10)
	to = append(append(append(to, `,"currency":"`...), l.currency...), '"')
	return append(appendTime(to, `,"booked_at":"`, time.Unix(0, l.at).UTC()), '}', '\n')
}

func (s *Server) serveStatement(ctx *fasthttp.RequestCtx, means string) {
	if !ctx.IsGet() {
		ctx.Response.Header.Set("Allow", "GET")
		s.refuse(ctx, fasthttp.StatusMethodNotAllowed, "a statement is a GET")
		return
	}
	of, err := parseDay(string(ctx.QueryArgs().Peek("date")))
	if err != nil {
		s.refuse(ctx, fasthttp.StatusBadRequest, err.Error())
		return
	}
	ctx.SetContentType("application/x-ndjson")
	ctx.SetBodyStreamWriter(func(w *bufio.Writer) {
		if err := s.engines[means].writeStatement(of, w); err != nil {
			s.log.Warn("statement not sent to its end", "means", means, "error", err.Error())
		}
	})
}

// writeStatement sends what is written in the book, and no end line when it cannot.
func (e *engine) writeStatement(of day, to *bufio.Writer) error {
	resets := e.book.Resets()
	var count, captures, refunds int64
	var lines []statementLine
	var text []byte
	for i := range e.shards {
		var newest uint64
		lines, newest = e.shards[i].booked(of, lines[:0])
		ticket, err := e.book.Written(newest)
		if err == nil {
			err = ticket.Wait()
		}
		if err != nil {
			return err
		}
		for i := range lines {
			count++
			if lines[i].original == "" {
				captures += lines[i].amount
			} else {
				refunds += lines[i].amount
			}
			text = lines[i].appendJSON(text[:0])
			if _, err := to.Write(text); err != nil {
				return fmt.Errorf("send a statement: %w", err)
			}
		}
	}
	if e.book.Resets() != resets {
		return book.ErrReset
	}
	fmt.Fprintf(to, `{"kind":"end","count":%d,"sum_captures":%d,"sum_refunds":%d}`+"\n", count, captures, refunds)
	return to.Flush()
}

// breathEvery is after how many records the shard's lock is given to whoever wants to pay.
const breathEvery = 256

// booked collects what the shard has of the day, and the newest entry that this depends on. Payments go on meanwhile: a map
// that grows while it is ranged over still yields what was there before, once.
func (s *shard) booked(of day, lines []statementLine) (all []statementLine, newest uint64) {
	s.mu.Lock()
	seen := 0
	for reference, r := range s.records {
		if seen++; seen%breathEvery == 0 {
			s.mu.Unlock()
			runtime.Gosched()
			s.mu.Lock()
		}
		newest = max(newest, r.last)
		lines = r.booked(of, reference, lines)
	}
	s.mu.Unlock()
	slices.SortFunc(lines, func(a, b statementLine) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.id, b.id)) })
	return lines, newest
}

func (r *record) booked(of day, reference string, lines []statementLine) []statementLine {
	for x := range r.transactions {
		if x.status == captured && of.has(x.at) {
			lines = append(lines, statementLine{reference: reference, currency: r.currency, id: x.id, amount: x.amount, at: x.at})
		}
	}
	for f := r.refunds; f != nil; f = f.before {
		if of.has(f.at) {
			lines = append(lines, statementLine{reference: f.reference, original: f.original, currency: f.currency, id: f.seq, amount: f.amount, at: f.at})
		}
	}
	return lines
}
