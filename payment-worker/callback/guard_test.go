package callback

import (
	"context"
	"encoding/binary"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gazua.example/payment-api/mysql"
)

func TestGuard_WhichAddressesMayBeCalled(t *testing.T) {
	for ip, public := range map[string]bool{
		"93.184.216.34": true, "8.8.8.8": true, "1.1.1.1": true, "172.32.0.1": true, "100.128.0.1": true, "11.0.0.1": true, "2606:2800:220:1::1": true,
		"::ffff:8.8.8.8": true,
		"127.0.0.1":      false, "127.8.9.10": false, "::1": false, "::ffff:127.0.0.1": false, // loopback
		"10.0.0.1": false, "172.16.0.1": false, "172.31.255.255": false, "192.168.1.1": false, "fd00::1": false, "fc00::1": false, "::ffff:10.0.0.1": false, // private
		"169.254.1.1": false, "fe80::1": false, "fe80::1%eth0": false, // link-local
		"169.254.169.254": false, "fd00:ec2::254": false, "100.100.100.200": false, "168.63.129.16": false, "::ffff:169.254.169.254": false, // metadata
		"100.64.0.1": false, "100.127.255.255": false, // carrier-grade NAT
		"224.0.0.1": false, "239.1.2.3": false, "ff02::1": false, "ff0e::1": false, // multicast
		"0.0.0.0": false, "0.1.2.3": false, "::": false, // unspecified
		"255.255.255.255": false, "240.0.0.1": false, "192.0.2.1": false, "198.51.100.1": false, "203.0.113.1": false, "198.18.0.1": false, "192.0.0.1": false,
		"2001:db8::1": false, "2002:7f00:1::": false, "2001::1": false, "64:ff9b::7f00:1": false, "64:ff9b:1::1": false, "::7f00:1": false, "fec0::1": false,
	} {
		if got := (guard{}).check(netip.AddrPortFrom(netip.MustParseAddr(ip), 443).String()) == nil; got != public {
			t.Errorf("%s may be called: %t, want %t", ip, got, public)
		}
	}
	if (guard{}).check("localhost:80") == nil {
		t.Error("a name is no address")
	}
}

func TestGuard_WhatIsAllowed_AndPlainHTTPOnlyThere(t *testing.T) {
	allow := prefixes("127.0.0.1/32", "fd00:1::/64")
	for address, want := range map[string][2]bool{ // with TLS, without
		"127.0.0.1:80": {true, true}, "[::ffff:127.0.0.1]:80": {true, true}, "[fd00:1::5]:80": {true, true},
		"127.0.0.2:80": {false, false}, "[fd00:2::5]:80": {false, false}, "8.8.8.8:80": {true, false},
	} {
		if got := [2]bool{guard{allow: allow}.check(address) == nil, guard{allow: allow, only: true}.check(address) == nil}; got != want {
			t.Errorf("%s: %v, want %v", address, got, want)
		}
	}
}

// poster is a client with a resolver of the test's.
func poster(allow string, resolver *net.Resolver) *client {
	o := Options{InFlight: 4, PerMerchant: 4, Timeout: 5 * time.Second, Resolver: resolver}
	if allow != "" {
		o.Allow = prefixes(allow)
	}
	return newClient(o)
}

func call(t *testing.T, c *client, url string) error {
	t.Helper()
	_, err := c.post(t.Context(), mysql.DueCallback{Payment: 1, Version: 2, Body: []byte("{}")}, mysql.Destination{URL: url, Secrets: []string{secretA}})
	return err
}

// inner is a server of ours that no merchant may reach.
func inner(t *testing.T, address string) (server *httptest.Server, called *atomic.Int64) {
	t.Helper()
	called = &atomic.Int64{}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Skipf("this machine has no %s: %v", address, err)
	}
	server = &httptest.Server{Listener: listener, Config: &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called.Add(1) })}}
	server.Start()
	t.Cleanup(server.Close)
	return server, called
}

func TestPost_ToAPrivateAddress_InEveryGuise_IsRefused(t *testing.T) {
	server, called := inner(t, "127.0.0.1:0")
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	c := poster("", names(t, "127.0.0.1"))
	defer c.close()
	for _, host := range []string{"127.0.0.1", "localhost", "rebound.example", "[::ffff:127.0.0.1]", "127.1", "0x7f000001", "2130706433", "0"} {
		for _, scheme := range []string{"http", "https"} {
			err := call(t, c, scheme+"://"+host+":"+port+"/hook")
			if err == nil {
				t.Errorf("%s://%s was called", scheme, host)
			}
		}
	}
	if n := called.Load(); n != 0 {
		t.Errorf("%d calls arrived", n)
	}
}

// The first look-up names an address that may be called, the next one another: each connection is checked by itself.
func TestPost_TheNameIsRebound_TheDialledAddressIsChecked(t *testing.T) {
	server, called := inner(t, "127.0.0.1:0")
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	_, otherCalled := inner(t, "127.0.0.2:"+port)
	c := poster("127.0.0.1/32", names(t, "127.0.0.1", "127.0.0.2"))
	defer c.close()
	if err := call(t, c, "http://rebound.example:"+port+"/"); err != nil || called.Load() != 1 {
		t.Fatalf("the allowed address: %v, %d calls", err, called.Load())
	}
	c.close() // so that the next call dials
	err := call(t, c, "http://rebound.example:"+port+"/")
	if err == nil || !strings.Contains(err.Error(), "127.0.0.2 is not called without TLS") || otherCalled.Load() != 0 {
		t.Errorf("the other address: %v, %d calls", err, otherCalled.Load())
	}
}

func TestPost_ARedirect_IsNotFollowed(t *testing.T) {
	target, called := inner(t, "127.0.0.1:0")
	redirect := httptest.NewServer(http.RedirectHandler(target.URL+"/secret", http.StatusTemporaryRedirect))
	defer redirect.Close()
	c := poster("127.0.0.1/32", nil)
	defer c.close()
	if err := call(t, c, redirect.URL); err == nil || called.Load() != 0 {
		t.Errorf("%v, %d calls arrived behind the redirect", err, called.Load())
	}
}

// A proxy would dial for us, without our check. (net/http reads the environment once a process, so no test can set it.)
func TestPost_AProxyInTheEnvironment_IsNotUsed(t *testing.T) {
	c := poster("", nil)
	for _, way := range []*http.Client{c.secure, c.bare} {
		if way.Transport.(*http.Transport).Proxy != nil {
			t.Error("the transport has a proxy")
		}
	}
}

func TestPost_ErrorsNeverShowTheURL(t *testing.T) {
	c := poster("127.0.0.1/32", names(t, "10.0.0.1"))
	defer c.close()
	for _, url := range []string{"https://m.example/hook?key=hunter2", "http://m.example/hunter2", "https://u:hunter2@m.example/", "ftp://m.example/hunter2", "://hunter2", "http://127.0.0.1:1/hunter2", "hunter2"} {
		if err := call(t, c, url); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v", err)
		}
	}
}

// names is a resolver that knows one answer to every question for an IPv4 address after the other, over a DNS server of its
// own on loopback.
func names(t *testing.T, answers ...string) *net.Resolver {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	go func() {
		asked := 0
		for buffer := make([]byte, 512); ; {
			n, from, err := server.ReadFrom(buffer)
			if err != nil {
				return
			}
			reply := answer(buffer[:n], answers[min(asked, len(answers)-1)])
			if reply[7] > 0 {
				asked++
			}
			_, _ = server.WriteTo(reply, from)
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
}

// answer turns a DNS question into its answer (RFC 1035): an address to a question of type A, nothing to others.
func answer(question []byte, ip string) []byte {
	end := 12
	for question[end] != 0 {
		end += int(question[end]) + 1
	}
	end += 5 // the root, type and class
	kind := binary.BigEndian.Uint16(question[end-4:])
	reply := append([]byte{}, question[:end]...)
	copy(reply[2:], []byte{0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}) // a response, recursion available, one question
	if kind == 1 {
		reply[7] = 1
		reply = append(reply, 0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4) // the name again, A, IN, time to live 0, four bytes
		reply = append(reply, net.ParseIP(ip).To4()...)
	}
	return reply
}
