package gateway

import (
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"net/url"
	"strings"
	"unicode"

	"gazua.example/payment-api/payment"
)

// A means may run in several instances, each with the wallets and the references that are its own. A call goes to the one
// that its token's source belongs to, and so does everything else about that leg, whichever process asks: what one has
// booked no other knows.
//
//	token gz1.w-17;… ─► Route-Key gz1.w-17 ─► rendezvous hash over the URLs ─► one instance
//
// Each instance has its own ways and its own breaker: one that hangs takes neither the places nor the breaker of the
// others (docs/decisions/0003-instances.md).

// routeHeader names the source of the leg's token to whatever stands between us and the means.
const routeHeader = "Route-Key"

// maxRouteKey bounds the header; a longer source, or one that no header can hold, travels as its hash.
const maxRouteKey = 64

// instance is one of those that a means runs in.
type instance struct {
	url     string
	heads   map[payment.Op]string // what each request begins with
	forward *way
	control *way
	breaker *breaker
}

// newInstances shares the means' places among its instances, so that the bounds are the means' as they are documented.
func newInstances(means payment.Means, urls []string, o Options) ([]*instance, error) {
	all := make([]*instance, len(urls))
	for i, text := range urls {
		to, err := url.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("make the gateway: the address of an instance of %s: %w", means, err)
		}
		all[i] = &instance{
			url:     text,
			heads:   map[payment.Op]string{},
			forward: newWay(to, share(o.Bulkhead, len(urls)), o.BulkheadWait),
			control: newWay(to, share(o.ControlCalls, len(urls)), o.Timeout),
			breaker: newBreaker(string(means), o.Breaker),
		}
		for op := range documented {
			all[i].heads[op] = headOf(to, means, op)
		}
	}
	return all, nil
}

// share rounds up: nobody is left without a place.
func share(places, among int) int { return (places + among - 1) / among }

// routeKey is the source of a token: all that stands before its first semicolon. The rest is none of our business.
func routeKey(token string) string {
	head, _, _ := strings.Cut(token, ";")
	if len(head) <= maxRouteKey && strings.IndexFunc(head, unicode.IsControl) < 0 {
		return head
	}
	sum := fnv.New128a()
	_, _ = sum.Write([]byte(head))
	return hex.EncodeToString(sum.Sum(nil))
}

// home is the instance that the key belongs to: the one whose URL weighs most together with it (rendezvous hashing). The
// order of the list does not matter, and one URL more takes its share of the keys and moves no other.
func home(all []*instance, key string) *instance {
	best := all[0]
	if len(all) == 1 {
		return best
	}
	most := uint64(0)
	for _, i := range all {
		if w := weight(i.url, key); w > most || w == most && i.url < best.url {
			best, most = i, w
		}
	}
	return best
}

// weight is the same in every process and every version of Go: API and worker must agree. FNV alone hardly mixes the last
// bytes into the high bits, which the comparison looks at first; the end is murmur3's finalizer.
func weight(url, key string) uint64 {
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(url + "\x00" + key))
	h := sum.Sum64()
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

func (g *Gateway) instanceOf(leg *payment.Leg) *instance {
	return home(g.instances[leg.Means], routeKey(leg.Token))
}

// Available says whether each of these means can be called at all: one of its instances has no open breaker.
func (g *Gateway) Available(means ...payment.Means) bool {
	for _, m := range means {
		if !anyClosed(g.instances[m]) {
			return false
		}
	}
	return true
}

func anyClosed(all []*instance) bool {
	for _, i := range all {
		if !i.breaker.open() {
			return true
		}
	}
	return false
}

// Reachable implements payment.Gateway.
func (g *Gateway) Reachable(legs ...payment.Leg) bool {
	for i := range legs {
		if g.instanceOf(&legs[i]).breaker.open() {
			return false
		}
	}
	return true
}

// Close ends the idle connections.
func (g *Gateway) Close() {
	_ = g.shown.Unregister() // it fails for what is no registration only
	for _, all := range g.instances {
		for _, i := range all {
			i.forward.pool.close()
			i.control.pool.close()
		}
	}
	g.reader.CloseIdleConnections()
}
