package callback

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"syscall"
)

// guard keeps callbacks away from our own networks (server-side request forgery): a merchant names any host it likes, and
// its DNS may say 127.0.0.1. So the address is checked at the last moment, when the socket exists and is about to connect:
// whatever resolved it, and however often that changes its mind, what is checked is what is dialled.
type guard struct {
	allow []netip.Prefix
	only  bool // nothing but what is allowed: plain http
}

// refused is what no public web server has: IANA's special-purpose addresses and where clouds keep their metadata.
var refused = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
	"192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"168.63.129.16/32", // Azure's metadata, the one that is not link-local
	// In the global range of IPv6: Teredo and other protocols, documentation, 6to4, which holds any IPv4 address.
	"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
)

// global is where public IPv6 addresses are. What is outside is refused as a whole: loopback, unique local, link-local,
// multicast, and the translations of NAT64 (64:ff9b::/96), which hold any IPv4 address.
var global = netip.MustParsePrefix("2000::/3")

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}

func (g guard) dialer(resolver *net.Resolver) *net.Dialer {
	return &net.Dialer{Timeout: connectWithin, Resolver: resolver, Control: func(_, address string, _ syscall.RawConn) error { return g.check(address) }}
}

// check says why an address, ip:port, is not called, or nil.
func (g guard) check(address string) error {
	where, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%s is no address", address)
	}
	ip := where.Addr().Unmap().WithZone("") // ::ffff:127.0.0.1 is 127.0.0.1
	holds := func(p netip.Prefix) bool { return p.Contains(ip) }
	switch {
	case slices.ContainsFunc(g.allow, holds):
		return nil
	case g.only:
		return fmt.Errorf("%s is not called without TLS", ip)
	case slices.ContainsFunc(refused, holds), ip.Is6() && !global.Contains(ip):
		return fmt.Errorf("%s is not a public address", ip)
	}
	return nil
}
