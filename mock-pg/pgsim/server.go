// Package pgsim is Gazua PAY, the mock of the external payment means: cards (PG), points and coupons. It is a server of
// its own, so that the measured program uses its connection pools, threads and I/O as it would in earnest; it gives the
// result and takes the time that the payment-method token asks for (package script), spoils answers on demand (package
// fault), and books everything it does before it answers (package book), so that a verifier can compare what was charged
// with what others believe.
//
//	request ─► serve.go ─► engine.go: script → decide → book → apply ─► delay ─► written? ─► answer, or a fault
//	                       (cards.go; reservation.go: points, coupons; refund.go: all of them)
//
// It never hides a double charge: every charge that comes is booked. A refund is booked once for each reference of its
// own. Money is booked when the request arrives, and the delay passes after that: a client that gives up early may have
// been charged, which is the case worth testing. Only a charge that its token calls late arrives later than it is read
// (late.go), so that a net-cancel can overtake it; what that is worth is the profile of the PG (cards.go).
//
// What was booked on a day, less what was voided, is told by a statement for each means (statement.go).
package pgsim

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
	"go.opentelemetry.io/otel"

	"gazua.example/mock-pg/pgsim/book"
	"gazua.example/mock-pg/pgsim/script"
)

// Options say how to start. Only BookDir has no default.
type Options struct {
	Listen      string // for the payment system; default 127.0.0.1:0
	AdminListen string // for operators and the verifier; default 127.0.0.1:0
	BookDir     string
	Schedule    string           // the script of requests without one, e.g. gz1;charge=ok@fixed/50ms; default: ok at once
	Log         *slog.Logger     // default: none
	Now         func() time.Time // default: time.Now; booking times, expiry and the late bound follow it, delays do not
	Metrics     http.Handler     // default: none

	Instance      string // its name in answers of the admin port
	WalletBalance int64  // points of a wallet that nobody has funded; 0: such a wallet is not bounded
	Deduplicate   bool   // a second charge of a reference is answered with the first result, and not booked

	PGProfile   string        // ProfileTombstone (default) or ProfileBound
	PGLateBound time.Duration // of ProfileBound: how long after it was received a charge may still be booked; default 10 s

	MaxConnections int           // those that faults hold too; more are answered 503; default 200,000
	FileLimit      int           // of the process, for /stats; 0: not known
	MaxBodyBytes   int           // default 16 KiB
	ReadTimeout    time.Duration // for one request to arrive, from its first byte; default 10 s
	IdleTimeout    time.Duration // before the first request and between two; default 2 min, longer than any client's
	SweepEvery     time.Duration // how often overdue holds are looked for; default 1 s
}

func (o Options) withDefaults() Options {
	setDefault(&o.Listen, "127.0.0.1:0")
	setDefault(&o.AdminListen, "127.0.0.1:0")
	setDefault(&o.Schedule, "gz1")
	setDefault(&o.PGProfile, ProfileTombstone)
	setDefault(&o.PGLateBound, 10*time.Second)
	setDefault(&o.MaxConnections, 200_000)
	setDefault(&o.MaxBodyBytes, 16<<10)
	setDefault(&o.ReadTimeout, 10*time.Second)
	setDefault(&o.IdleTimeout, 2*time.Minute)
	setDefault(&o.SweepEvery, time.Second)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Metrics == nil {
		o.Metrics = http.NotFoundHandler()
	}
	return o
}

func setDefault[T comparable](to *T, value T) {
	var unset T
	if *to == unset {
		*to = value
	}
}

// Server is a running mock.
type Server struct {
	options         Options
	log             *slog.Logger
	book            *book.Book
	engines         map[string]*engine // by means
	schedule        atomic.Pointer[script.Script]
	timed           *timetable
	pacer           *pacer
	stats           *stats
	held            *heldConnections
	draining        atomic.Bool
	inFlight        atomic.Int64          // requests that are being answered
	withoutRouteKey atomic.Int64          // requests that name no source for whoever picks an instance
	funding         sync.Mutex            // held while a balance is set: see standstill.go
	deaf            atomic.Pointer[error] // why no connection is accepted any more

	listener net.Listener
	http     *fasthttp.Server
	admin    *http.Server
	adminAt  net.Addr

	background sync.WaitGroup // the accept loops and the sweeper
	stopping   chan struct{}
	stopOnce   sync.Once
	stopErr    error
}

// Start reads the book and serves. When it returns, requests are answered.
func Start(o Options) (*Server, error) {
	o = o.withDefaults()
	s := &Server{options: o, log: o.Log, stats: newStats(), timed: &timetable{log: o.Log}, held: newHeldConnections(o.MaxConnections), stopping: make(chan struct{})}
	if err := s.SetSchedule(o.Schedule); err != nil {
		return nil, err
	}
	if err := s.stats.added.meter(otel.Meter("gazua.example/mock-pg/pgsim")); err != nil {
		return nil, fmt.Errorf("make the metric %s: %w", addedName, err)
	}
	if err := s.openBook(); err != nil {
		return nil, err
	}
	var err error
	if s.pacer, err = startPacer(); err != nil {
		return nil, errors.Join(err, s.book.Close())
	}
	if err := s.listen(); err != nil {
		s.pacer.stop()
		return nil, errors.Join(err, s.book.Close())
	}
	s.background.Go(s.accept)
	s.background.Go(s.sweep)
	s.background.Go(s.meterAdded)
	return s, nil
}

func (s *Server) openBook() error {
	cards, err := newCards(s.options.PGProfile, s.options.PGLateBound, s.options.Deduplicate)
	if err != nil {
		return err
	}
	library := &script.Library{}
	s.engines = map[string]*engine{}
	for means, decide := range map[string]func(*turn) verdict{PG: cards.decide, Point: decideReservation, Coupon: decideReservation} {
		s.engines[means] = newEngine(means, decide, library, &s.schedule, s.options.Now)
	}
	s.engines[Point].walletBalance = s.options.WalletBalance
	opened, cut, err := book.Open(s.options.BookDir, book.Options{
		Now:    s.options.Now,
		Replay: s.replay,
		Failed: func(err error) { s.log.Error("not ready from now on", "error", err.Error()) },
	})
	if err != nil {
		return err
	}
	s.book = opened
	for _, e := range s.engines {
		e.book, e.timed = opened, s.timed
	}
	s.log.Info("book read", "entries", opened.Position(), "torn_bytes_cut", cut)
	return nil
}

func (s *Server) replay(e *book.Entry) error {
	engine, ok := s.engines[e.Means]
	if !ok {
		return fmt.Errorf("there are no means %q", e.Means)
	}
	return engine.replay(e)
}

func (s *Server) listen() (err error) {
	if s.listener, err = net.Listen("tcp", s.options.Listen); err != nil {
		return fmt.Errorf("listen for payments: %w", err)
	}
	s.http = &fasthttp.Server{
		Handler:               s.serve,
		ErrorHandler:          s.serveBroken,
		Name:                  "gazua-pay",
		Concurrency:           s.options.MaxConnections,
		MaxRequestBodySize:    s.options.MaxBodyBytes,
		ReadTimeout:           s.options.ReadTimeout,
		IdleTimeout:           s.options.IdleTimeout,
		CloseOnShutdown:       true,
		MaxIdleWorkerDuration: 200 * time.Millisecond, // its sweeper sleeps this long before it sees a stop: 10 s would look like a leak
		KeepHijackedConns:     true,                   // a fault that takes a connection over gives it to a goroutine of its own
		NoDefaultContentType:  true,
		NoDefaultServerHeader: true,
		Logger:                quiet{s.log},
	}
	adminListener, err := net.Listen("tcp", s.options.AdminListen)
	if err != nil {
		return errors.Join(fmt.Errorf("listen for admin requests: %w", err), s.listener.Close())
	}
	s.adminAt = adminListener.Addr()
	s.admin = &http.Server{Handler: s.adminRoutes(), ReadHeaderTimeout: 5 * time.Second}
	s.background.Go(func() { _ = s.admin.Serve(adminListener) })
	return nil
}

// URL is where payments go, without a slash at its end.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() }

// AdminURL is where the book is read.
func (s *Server) AdminURL() string { return "http://" + s.adminAt.String() }

// SetSchedule replaces the script of all requests that bring none.
func (s *Server) SetSchedule(text string) error {
	parsed, _, _, err := script.Parse(text)
	if err != nil {
		return fmt.Errorf("schedule: %w", err)
	}
	if parsed == nil {
		return fmt.Errorf("schedule: %q does not start with gz1", text)
	}
	s.schedule.Store(parsed)
	return nil
}

// Ready says why the server cannot serve now, or nil.
func (s *Server) Ready() error {
	if s.draining.Load() {
		return errors.New("shutting down")
	}
	if err := s.deaf.Load(); err != nil {
		return *err
	}
	return s.book.Err()
}

func (s *Server) sweep() {
	tick := time.NewTicker(s.options.SweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-s.stopping:
			return
		case <-tick.C:
		}
		for _, e := range s.engines {
			if err := e.sweep(); err != nil {
				return // the book is closed or broken; whoever failed first has said so
			}
		}
	}
}

// quiet keeps fasthttp's remarks about single connections (clients that leave, resets) out of the log of a healthy run.
type quiet struct{ log *slog.Logger }

func (q quiet) Printf(format string, args ...any) { q.log.Debug(fmt.Sprintf(format, args...)) }

// Stop is the whole way down: see drain.go.
func (s *Server) Stop(ctx context.Context) error {
	s.stopOnce.Do(func() {
		s.Leave()
		s.stopErr = errors.Join(s.Drain(ctx), s.CloseBook(ctx), s.CloseAdmin(ctx))
	})
	return s.stopErr
}
