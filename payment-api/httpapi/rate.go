package httpapi

import (
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"golang.org/x/time/rate"

	"gazua.example/payment-api/payment"
)

// rates is how much each merchant may ask of this process: a token bucket each, so that one merchant's loop without end
// takes nobody else's places. There are as many buckets as merchants that have a key.
type rates struct {
	perSecond rate.Limit
	burst     int

	mu      sync.Mutex // guards buckets
	buckets map[payment.MerchantID]*rate.Limiter
}

func newRates(perSecond, burst int) *rates {
	return &rates{perSecond: rate.Limit(perSecond), burst: burst, buckets: map[payment.MerchantID]*rate.Limiter{}}
}

// take takes one request's token, or none, and says after how long there will be one.
func (r *rates) take(merchant payment.MerchantID, now time.Time) (wait time.Duration) {
	reserved := r.bucket(merchant).ReserveN(now, 1)
	if wait = reserved.DelayFrom(now); wait > 0 {
		reserved.CancelAt(now)
	}
	return wait
}

func (r *rates) bucket(merchant payment.MerchantID) *rate.Limiter {
	r.mu.Lock()
	defer r.mu.Unlock()
	bucket := r.buckets[merchant]
	if bucket == nil {
		bucket = rate.NewLimiter(r.perSecond, r.burst)
		r.buckets[merchant] = bucket
	}
	return bucket
}

// limit stands behind the key, since nobody else's requests count, and before the body is looked at.
func (a *API) limit(c *fiber.Ctx) error {
	if wait := a.rates.take(merchantOf(c), time.Now()); wait > 0 {
		return &payment.Error{Kind: kindTooMany, Detail: "your requests come faster than is agreed; send this one again later", RetryAfter: wait}
	}
	return c.Next()
}
