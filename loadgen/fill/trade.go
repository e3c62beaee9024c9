package fill

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"sort"
	"strconv"
	"time"
)

// step is one fill: payments spread over days, all of them PAID. Payment i of it is the same whenever it is asked for, so each
// table is written by itself, in its own order, and nothing of another table is remembered.
//
// Of each day, which begins at any time of the day, every fill has a part of its own and spreads its payments evenly over it:
//
//	day 1 [fill 0 ][fill 1 ][fill 2 ]...[       ] day 2 [fill 0 ][fill 1 ]...
//
// So a later fill adds runs of neighbours. To put its payments between those that are there would split almost every page, and
// leave tables more than twice as large as any trade does.
type step struct {
	number     int // of the fills of this database, from 0
	payments   int64
	start, end time.Time // whole milliseconds, whole days apart
	merchants  []uint32
	keysFrom   time.Time // payments made since then have their idempotency key
}

const day = 24 * time.Hour

// Ids are as the system makes them: 41 bits of milliseconds since 2026-01-01, 10 of the node, 12 of a sequence. The nodes of
// the fills are the last ones, one for each fill: those that the database gives out begin at 1, and several fills of the same
// days meet the same millisecond.
const (
	millisecondShift, nodeShift = 22, 12
	lastNode                    = 1<<10 - 1
)

var idEpoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// firstID is the smallest id of that millisecond, the border of a partition.
func firstID(at time.Time) uint64 {
	return uint64(max(at.Sub(idEpoch).Milliseconds(), 0)) << millisecondShift
}

// paid is one payment.
type paid struct {
	i        int64 // of its step
	id       uint64
	merchant uint32
	amount   int64
	created  time.Time
	random   uint64
}

// Between the moments of a payment lies what a synchronous one takes on a quiet machine.
const (
	bookedAfter  = 1500 * time.Microsecond
	settledAfter = 3200 * time.Microsecond
)

// payment is the i-th of the step. They are ordered by time and so by id.
func (s *step) payment(i int64) paid {
	at := s.at(i)
	random := mix(uint64(s.number)<<48 ^ uint64(i))
	return paid{
		i: i, id: firstID(at) | uint64(lastNode-s.number)<<nodeShift, merchant: s.merchants[i%int64(len(s.merchants))],
		amount: 1_000 + int64(random%99_001), created: at.Add(time.Duration(random>>32%1000) * time.Microsecond), random: random,
	}
}

// mostSteps are the fills that a database can have, and the parts of a day.
const (
	mostSteps = 8
	part      = day / mostSteps
)

// at is the middle of the i-th of as many equal times as the fill's part of a day has payments. These are over a millisecond
// (see MostADay), so no two payments of a step have the same one.
func (s *step) at(i int64) time.Time {
	days := int64(s.end.Sub(s.start) / day)
	each := (s.payments + days - 1) / days
	begin := s.start.Add(time.Duration(i/each)*day + time.Duration(s.number)*part)
	return begin.Add(time.Duration((2*(i%each)+1)*part.Milliseconds()/(2*each)) * time.Millisecond)
}

// from is the first payment that was not made before t.
func (s *step) from(t time.Time) int64 {
	return int64(sort.Search(int(s.payments), func(i int) bool { return !s.at(int64(i)).Before(t) }))
}

// order is a name of one length, so that the orders of a step are in the order of their payments.
func (s *step) order(to []byte, i int64) []byte {
	to = append(to, "fill-"...)
	to = append(to, byte('a'+s.number), '-')
	const digits = 8 // MostPayments
	for n, part := 0, int64(10_000_000); n < digits; n, part = n+1, part/10 {
		to = append(to, byte('0'+i/part%10))
	}
	return to
}

// token asks the mock for what it asks for in a run without faults.
func (p *paid) token(to []byte) []byte {
	to = append(to, "gz1;seed="...)
	to = strconv.AppendUint(to, p.random|1<<63, 10)
	return append(to, ";charge=ok@fixed/0s"...)
}

// reference is that of its only leg.
func (p *paid) reference(to []byte) []byte { return append(strconv.AppendUint(to, p.id, 10), ".1"...) }

// keyHash is of the key that created it, in the scope of a POST of a payment.
func (s *step) keyHash(i int64) [sha256.Size]byte {
	return sha256.Sum256(s.order([]byte("POST\n/v1/payments\nkey-"), i))
}

// requestHash is over the request as the system decodes it, so that the same request with the same key is a replay.
func (s *step) requestHash(p *paid) [sha256.Size]byte {
	type leg struct {
		Means  string `json:"means"`
		Amount int64  `json:"amount"`
		Token  string `json:"token"`
	}
	request, err := json.Marshal(struct {
		Order    string `json:"order_id"`
		Amount   int64  `json:"amount"`
		Currency string `json:"currency"`
		Legs     []leg  `json:"legs"`
	}{string(s.order(nil, p.i)), p.amount, currency, []leg{{"PG", p.amount, string(p.token(nil))}}})
	if err != nil {
		panic(fmt.Sprintf("encode a request: %v", err)) // strings and integers
	}
	return sha256.Sum256(request)
}

// answer is the body that its creator got.
func (s *step) answer(to []byte, p *paid) []byte {
	to = strconv.AppendUint(append(to, `{"id":"`...), p.id, 10)
	to = s.order(append(to, `","order_id":"`...), p.i)
	to = strconv.AppendInt(append(to, `","status":"PAID","amount":`...), p.amount, 10)
	to = strconv.AppendInt(append(to, `,"currency":"KRW","canceled_amount":0,"legs":[{"means":"PG","amount":`...), p.amount, 10)
	to = append(to, `,"status":"CAPTURED"}],"created_at":"`...)
	return append(s.at(p.i).AppendFormat(to, "2006-01-02T15:04:05.999Z07:00"), `","version":2}`...)
}

const currency = "KRW"

// mix is splitmix64's: the same number gives the same value, and neighbours have nothing in common.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
