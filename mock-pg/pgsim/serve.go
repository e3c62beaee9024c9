package pgsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/valyala/fasthttp"

	"gazua.example/mock-pg/fault"
	"gazua.example/mock-pg/pgsim/script"
)

// The port of payments. Every operation is a POST with a JSON body, answered 200 with a result when the means has decided:
//
//	POST /pg/v1/{charge|void|net-cancel|refund|inquiry}
//	POST /{point|coupon}/v1/{reserve|confirm|release|void|refund|inquiry}
//	GET  /{pg|point|coupon}/v1/statement?date=2026-01-31    what was booked that day in Seoul: see statement.go

// route is one operation of one means; every POST path has one.
type route struct {
	means string
	op    script.Op
}

var routes = map[string]route{
	"/pg/v1/charge":      {PG, script.Charge},
	"/pg/v1/void":        {PG, script.Void},
	"/pg/v1/net-cancel":  {PG, script.NetCancel},
	"/pg/v1/refund":      {PG, script.Refund},
	"/pg/v1/inquiry":     {PG, script.Inquiry},
	"/point/v1/reserve":  {Point, script.Reserve},
	"/point/v1/confirm":  {Point, script.Confirm},
	"/point/v1/release":  {Point, script.Release},
	"/point/v1/void":     {Point, script.Void},
	"/point/v1/refund":   {Point, script.Refund},
	"/point/v1/inquiry":  {Point, script.Inquiry},
	"/coupon/v1/reserve": {Coupon, script.Reserve},
	"/coupon/v1/confirm": {Coupon, script.Confirm},
	"/coupon/v1/release": {Coupon, script.Release},
	"/coupon/v1/void":    {Coupon, script.Void},
	"/coupon/v1/refund":  {Coupon, script.Refund},
	"/coupon/v1/inquiry": {Coupon, script.Inquiry},
}

var statements = map[string]string{"/pg/v1/statement": PG, "/point/v1/statement": Point, "/coupon/v1/statement": Coupon}

// routeHeader names the token's source, for whoever picks one of several instances. A mock is one of them, so it only
// counts the requests that come without.
const routeHeader = "Route-Key"

// serve is the way of one request.
func (s *Server) serve(ctx *fasthttp.RequestCtx) {
	arrived := time.Now()
	s.inFlight.Add(1)
	defer s.inFlight.Add(-1)
	if s.draining.Load() {
		ctx.SetConnectionClose()
	}
	to, ok := routes[string(ctx.Path())]
	if !ok {
		if means, ok := statements[string(ctx.Path())]; ok {
			s.serveStatement(ctx, means)
			return
		}
		s.refuse(ctx, fasthttp.StatusNotFound, "there is no such operation; it is POST /{pg|point|coupon}/v1/{operation}")
		return
	}
	if !ctx.IsPost() {
		ctx.Response.Header.Set("Allow", "POST")
		s.refuse(ctx, fasthttp.StatusMethodNotAllowed, "every operation is a POST")
		return
	}
	if len(ctx.Request.Header.Peek(routeHeader)) == 0 {
		s.withoutRouteKey.Add(1)
	}
	var r request
	if err := parseRequest(to.op, ctx.Request.Body(), &r); err != nil {
		s.refuse(ctx, fasthttp.StatusBadRequest, err.Error())
		return
	}
	done, err := s.engines[to.means].take(&r)
	if err != nil {
		s.refuseTaken(ctx, err)
		return
	}
	if done.step.Late > 0 {
		s.await(ctx, to, r, done, arrived.Add(done.step.Late))
		return
	}
	if !done.step.Decided() {
		s.pacer.until(arrived.Add(done.delay))
		s.spoil(ctx, done.step, unbooked(done.step, to, &r))
		return
	}
	s.finish(ctx, to, &r, &done, arrived)
}

// finish answers what was booked. The delay passes first: the book is written meanwhile.
func (s *Server) finish(ctx *fasthttp.RequestCtx, to route, r *request, done *taken, arrived time.Time) {
	s.pacer.until(arrived.Add(done.delay))
	if err := done.ticket.Wait(); err != nil {
		s.refuseTaken(ctx, err)
		return
	}
	s.stats.count(to, done.answer.result, done.answer.repeated)
	body := done.answer.appendJSON(make([]byte, 0, 320), r.Reference)
	if done.step.Fault != nil {
		s.spoil(ctx, done.step, fault.Answer{Status: fasthttp.StatusOK, Body: body})
		return
	}
	send(ctx, fasthttp.StatusOK, body)
	s.stats.added.record(ctx.ConnID(), time.Since(arrived)-done.delay)
}

// spoil lets the fault end the exchange.
func (s *Server) spoil(ctx *fasthttp.RequestCtx, step script.Step, honest fault.Answer) {
	s.stats.countFault(step.Name)
	ending := step.Fault.Spoil(honest)
	if ending.TakeOver == nil {
		for _, field := range ending.Answer.Header {
			ctx.Response.Header.Set(field.Name, field.Value)
		}
		send(ctx, ending.Answer.Status, ending.Answer.Body)
		return
	}
	s.takeOver(ctx, ending.TakeOver)
}

// takeOver takes the connection from the HTTP server, and with it all that the server keeps for one.
func (s *Server) takeOver(ctx *fasthttp.RequestCtx, run func(*net.TCPConn)) {
	conn := ctx.Conn().(*guest)
	ctx.HijackSetNoResponse(true)
	s.inFlight.Add(1) // until it counts as held
	ctx.Hijack(func(net.Conn) {
		defer s.inFlight.Add(-1)
		s.held.run(conn, run)
	})
}

// refuseTaken answers a request that the engine did not take.
func (s *Server) refuseTaken(ctx *fasthttp.RequestCtx, err error) {
	if wrong, ok := errors.AsType[scriptError](err); ok {
		s.refuse(ctx, fasthttp.StatusBadRequest, wrong.Error())
		return
	}
	s.refuse(ctx, fasthttp.StatusInternalServerError, err.Error())
}

// refuse answers a request that is nobody's payment.
func (s *Server) refuse(ctx *fasthttp.RequestCtx, status int, message string) {
	s.stats.countRefusal(status)
	send(ctx, status, refusal(status, message))
}

func refusal(status int, message string) []byte {
	result := "invalid"
	if status >= fasthttp.StatusInternalServerError {
		result = "error"
	}
	body, _ := json.Marshal(map[string]string{"result": result, "message": message}) // strings always marshal
	return body
}

// serveBroken answers what is not even a request: too large, too slow, not HTTP.
func (s *Server) serveBroken(ctx *fasthttp.RequestCtx, err error) {
	if errors.Is(err, fasthttp.ErrBodyTooLarge) {
		s.refuse(ctx, fasthttp.StatusRequestEntityTooLarge, fmt.Sprintf("the body is over %d bytes", s.options.MaxBodyBytes))
		return
	}
	s.refuse(ctx, fasthttp.StatusBadRequest, "this is not a complete HTTP request: "+err.Error())
}

func send(ctx *fasthttp.RequestCtx, status int, body []byte) {
	ctx.SetStatusCode(status)
	ctx.SetContentType("application/json")
	ctx.Response.SetBodyRaw(body)
}
