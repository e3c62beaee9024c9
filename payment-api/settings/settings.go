// Package settings reads what API and worker must be told alike: they run the same domain against the same means, and a
// payment that one has begun is ended by the other.
package settings

import (
	"net/url"
	"time"

	"gazua.example/infra/config"
	"gazua.example/payment-api/gateway"
	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
)

// Limits reads the deadlines that API and worker must agree on.
func Limits(set *config.Set) payment.Limits {
	l := payment.DefaultLimits()
	const day = 24 * time.Hour
	read := func(env string, into *time.Duration, help string) {
		*into = set.Duration(env, *into, 10*time.Millisecond, day, help)
	}
	read("MEANS_TIMEOUT", &l.MeansTimeout, "one call to a payment means")
	read("SYNC_DEADLINE", &l.SyncDeadline, "a synchronous request starts no call after this, and is answered 202")
	read("LEASE", &l.Lease, "a payment is one process's for this long")
	read("LEASE_MARGIN", &l.Margin, "no forward call goes out in the last part of a lease")
	read("RESOLVE_DEADLINE", &l.ResolveDeadline, "a payment that is not captured in full by then is undone")
	read("LATE_BOUND", &l.LateBound, "how late a means may still book a request")
	read("PG_WINDOW", &l.Window, "how long the PG lets a charge be net-cancelled")
	read("EXPIRES", &l.Expires, "an asynchronous payment is not started later than this")
	read("RESERVATION_TTL", &l.ReservationTTL, "how long the means keep a reservation")
	read("DEFER", &l.Defer, "how long an asynchronous payment waits for its means to come back")
	read("RESCUE_AFTER", &l.RescueAfter, "an accepted payment is started without its message when that has been lost for this long")
	l.CancelWindow = set.Duration("CANCEL_WINDOW", l.CancelWindow, time.Minute, 366*day, "a payment can be canceled for this long after it was created; retention must be longer")
	if err := l.Validate(); err != nil {
		set.Check(false, "%v", err)
	}
	return l
}

// Group reads how commits are shared.
func Group(set *config.Set) mysql.GroupOptions {
	o := mysql.DefaultGroup()
	return mysql.GroupOptions{
		Max:        set.Int("GROUP_MAX", o.Max, 1, 512, "steps of payments that share one transaction; 1 is the plain way: a transaction a step, as many at a time as there are connections"),
		Bytes:      set.Int("GROUP_BYTES", o.Bytes, 1<<10, 16<<20, "a transaction that holds so many bytes takes no more steps"),
		Wait:       set.Duration("GROUP_WAIT", o.Wait, 0, 100*time.Millisecond, "how long a transaction waits for more while another one is under way"),
		Committers: set.Int("GROUP_COMMITTERS", o.Committers, 1, 64, "transactions of one kind under way at one time"),
	}
}

// Means reads how the payment means are reached.
func Means(set *config.Set, l payment.Limits) gateway.Options {
	o := gateway.Options{
		URLs: map[payment.Means][]string{
			payment.PG:     urls(set, "PG_URL", "the PG"),
			payment.Point:  urls(set, "POINT_URL", "the points' system"),
			payment.Coupon: urls(set, "COUPON_URL", "the coupons' system"),
		},
		Timeout:        l.MeansTimeout,
		ReservationTTL: l.ReservationTTL,
		Bulkhead:       set.Int("MEANS_CALLS", 256, 1, 10_000, "reserves, charges and confirms in flight a means, shared out to its instances"),
		ControlCalls:   set.Int("MEANS_CONTROL_CALLS", 32, 1, 1_000, "inquiries, releases, voids, net-cancels and refunds in flight a means, shared out likewise"),
		BulkheadWait:   set.Duration("MEANS_WAIT", 100*time.Millisecond, 0, time.Second, "how long such a call waits for its place"),
		Breaker: gateway.BreakerOptions{
			Window:   set.Duration("BREAKER_WINDOW", 10*time.Second, time.Second, time.Minute, "failures are counted over this"),
			Failures: float64(set.Int("BREAKER_PERCENT", 50, 1, 100, "share of calls without an answer that opens the breaker")) / 100,
			Volume:   set.Int("BREAKER_VOLUME", 20, 1, 10_000, "of at least this many calls"),
			Open:     set.Duration("BREAKER_OPEN", 2*time.Second, 100*time.Millisecond, time.Minute, "how long it stays open"),
			Probes:   set.Int("BREAKER_PROBES", 4, 1, 100, "calls that try whether the means is back"),
		},
	}
	set.Check(o.Breaker.Window > l.MeansTimeout, "BREAKER_WINDOW=%s must be over MEANS_TIMEOUT=%s, or calls that time out never open the breaker", o.Breaker.Window, l.MeansTimeout)
	set.Check(o.BulkheadWait < l.MeansTimeout, "MEANS_WAIT=%s must be below MEANS_TIMEOUT=%s, which bounds the whole call", o.BulkheadWait, l.MeansTimeout)
	return o
}

// maxInstances bounds the instances of a means: each has its own connections.
const maxInstances = 64

// urls reads where the instances of a means are. A list that is empty, or that names one twice, is a mistake: half of the
// payments would be looked for where they are not.
func urls(set *config.Set, env, of string) []string {
	list := set.Strings(env, "http://127.0.0.1:18085", of+"; several instances are comma-separated, and API and worker must have the same ones")
	seen := map[string]bool{}
	for _, text := range list {
		u, err := url.Parse(text)
		set.Check(err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "", "%s has %q, which is no URL such as http://127.0.0.1:18085", env, text)
		set.Check(!seen[text], "%s names %s twice", env, text)
		seen[text] = true
	}
	set.Check(len(list) >= 1 && len(list) <= maxInstances, "%s names %d instances; there are 1 to %d", env, len(list), maxInstances)
	return list
}
