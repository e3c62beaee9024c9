package monitor

import (
	"encoding/binary"
	"os"
	"strings"
	"testing"
	"time"
)

func TestDecodePage_KeepsWhatIsWanted(t *testing.T) {
	text := `# HELP go_goroutine_count Count of live goroutines.
go_goroutine_count{otel_scope_name="a}b\"c",x="1"} 33
other{le="1"} 5
gazua_breaker_state{means="PG"} 2
gazua_breaker_state{means="POINT"} 0 1732350000000
go_memory_used_bytes{go_memory_type="other"} 5.5e+06
go_memory_used_bytes{go_memory_type="stack"} 1e+06
`
	page, err := decodePage(text, wanted)
	if err != nil {
		t.Fatal(err)
	}
	if len(page["other"]) != 0 {
		t.Error("kept what nobody wants")
	}
	if n, ok := page.sum(nil, "go_goroutines", "go_goroutine_count"); !ok || n != 33 {
		t.Errorf("goroutines %g %t", n, ok)
	}
	if n, _ := page.sum(notStack, "go_memory_used_bytes"); n != 5.5e6 {
		t.Errorf("heap %g", n)
	}
	if n, ok := page.count(breakerName, func(b point) bool { return b.value == 2 }); !ok || n != 1 {
		t.Errorf("%g open breakers", n)
	}
}

func TestDecodePage_RefusesHalfALine(t *testing.T) {
	for _, line := range []string{`go_goroutine_count{a="b`, `go_goroutine_count{a="b"}`, `go_goroutine_count{} x`, `go_goroutine_count{} 1 2 3`, `go_goroutine_count`} {
		if page, err := decodePage(line+"\n", wanted); err == nil {
			t.Errorf("%q: %v", line, page)
		}
	}
}

func FuzzDecodePage(f *testing.F) {
	f.Add("go_goroutine_count{a=\"b\"} 33\nx 1\n")
	f.Add(`gazua_breaker_state{means="P\"G",x="}"} NaN 12`)
	f.Fuzz(func(t *testing.T, text string) {
		page, err := decodePage(text, wanted)
		if err != nil {
			return
		}
		points := 0
		for name, all := range page {
			points += len(all)
			if !wanted[name] {
				t.Fatalf("kept %q", name)
			}
			for _, p := range all {
				_ = p.label("le")
			}
		}
		if points > strings.Count(text, "\n")+1 {
			t.Fatalf("%d points of %d lines", points, strings.Count(text, "\n")+1)
		}
	})
}

func TestDecodePressure_OfThisMachine(t *testing.T) {
	text, err := os.ReadFile("/proc/pressure/io")
	if err != nil {
		t.Skip("this kernel has no pressure")
	}
	stalls, err := decodePressure(string(text))
	if err != nil || len(stalls) != 2 || stalls["some"].total < stalls["full"].total {
		t.Errorf("%v %v", stalls, err)
	}
}

func TestDecodePressure_UnitsAndFaults(t *testing.T) {
	stalls, err := decodePressure("some avg10=1.25 avg60=1.37 avg300=3.44 total=7854803727\n")
	if want := (stall{1.25, 7854803727 * time.Microsecond}); err != nil || stalls["some"] != want {
		t.Errorf("%v %v", stalls, err)
	}
	for _, text := range []string{"\n", "none avg10=1 total=1\n", "some avg10=1\n", "some avg10=x total=1\n", "some avg10=1 total=-1\n", "some avg10=NaN total=1\n"} {
		if stalls, err := decodePressure(text); err == nil {
			t.Errorf("%q: %v", text, stalls)
		}
	}
}

func FuzzDecodePressure(f *testing.F) {
	f.Add("some avg10=1.25 avg60=1.37 avg300=3.44 total=7854803727\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n")
	f.Fuzz(func(t *testing.T, text string) {
		stalls, err := decodePressure(text)
		for kind, s := range stalls {
			if err == nil && (s.total < 0 || !(s.avg10 >= 0 && s.avg10 <= 100) || kind != "some" && kind != "full") {
				t.Fatalf("%s %+v of %q", kind, s, text)
			}
		}
	})
}

func FuzzDecodeTimeWait(f *testing.F) {
	f.Add("sockets: used 40\nTCP: inuse 27 orphan 0 tw 3 alloc 29 mem 3\n")
	f.Fuzz(func(t *testing.T, text string) {
		if n, err := decodeTimeWait(text); err == nil && (n < 0 || !strings.Contains(text, "tw")) {
			t.Fatalf("%g of %q", n, text)
		}
	})
}

func TestDecodeTimeWait(t *testing.T) {
	if n, err := decodeTimeWait("sockets: used 40\nTCP: inuse 27 orphan 0 tw 3 alloc 29 mem 3\nUDP: inuse 1 mem 0\n"); err != nil || n != 3 {
		t.Errorf("%g %v", n, err)
	}
	if _, err := decodeTimeWait("UDP: inuse 1 tw 4\n"); err == nil {
		t.Error("read it of UDP")
	}
}

func batch(millis int64) []byte {
	b := make([]byte, batchHead)
	b[magicAt] = knownMagic
	binary.BigEndian.PutUint64(b[firstTime:], uint64(millis))
	return b
}

func TestDecodeBatchTime(t *testing.T) {
	at := time.UnixMilli(1732350000123)
	if got, err := decodeBatchTime(batch(at.UnixMilli())); err != nil || !got.Equal(at) {
		t.Errorf("%v %v", got, err)
	}
	old := batch(1)
	old[magicAt] = 1
	for name, b := range map[string][]byte{"half a head": batch(1)[:60], "another format": old, "no time": batch(-1)} {
		if got, err := decodeBatchTime(b); err == nil {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func FuzzDecodeBatchTime(f *testing.F) {
	f.Add(batch(1732350000123))
	f.Fuzz(func(t *testing.T, b []byte) {
		if at, err := decodeBatchTime(b); err == nil && at.UnixMilli() < 0 {
			t.Fatalf("%v", at)
		}
	})
}
