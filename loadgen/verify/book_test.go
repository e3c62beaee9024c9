package verify

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gazua.example/loadgen/internal/plain"
)

func TestEntries_TroubleOnTheWay_IsAnError(t *testing.T) {
	first := `{"seq":1,"effect":"charged","reference":"1.1"}` + "\n"
	for name, body := range map[string]string{
		"torn last line": first + `{"seq":2,"effect":"cha`,
		"gap":            first + `{"seq":3,"effect":"charged"}` + "\n",
		"twice":          first + first,
		"no seq":         `{"effect":"charged"}` + "\n",
		"unknown effect": `{"seq":1,"effect":"lent"}` + "\n",
		"not JSON":       "oops\n",
		"refund of what": `{"seq":1,"effect":"refunded","reference":"1.1.1"}` + "\n",
		"line too long":  `{"seq":1,"effect":"charged","reference":"` + strings.Repeat("x", maxSourceLine) + `"}` + "\n",
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }))
		var last error
		for _, err := range instance(server.URL).entries(t.Context(), 0) {
			last = err
		}
		server.Close()
		if last == nil {
			t.Errorf("%s: read without an error", name)
		}
	}
}

func TestEntries_ReaderHasEnough_IsNoError(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"seq":1,"effect":"held"}` + "\n" + `{"seq":2,"effect":"held"}` + "\n"))
	}))
	defer server.Close()
	for e, err := range instance(server.URL).entries(t.Context(), 0) {
		if err != nil || e.Seq != 1 {
			t.Errorf("entry %+v, %v", e, err)
		}
		break
	}
}

func FuzzDecodeEntry(f *testing.F) {
	f.Add([]byte(`{"seq":1,"at":"2026-11-23T00:00:00.123456789Z","means":"PG","op":"charge","effect":"charged","reference":"123.3","order_id":"o-1","merchant":"1","amount":20000,"currency":"KRW","transaction_id":"t-1"}`))
	f.Add([]byte(`{"seq":18446744073709551615,"effect":"voided","reference":"99999999999999999999.1"}`))
	f.Add([]byte(`{"seq":2,"effect":"canceled","reference":".","code":"no_tombstone"}`))
	f.Add([]byte(`{"seq":7,"at":"2026-11-23T00:00:00Z","means":"PG","op":"refund","effect":"refunded","reference":"123.3.1","original":"123.3","order_id":"o-1","merchant":"1","amount":500,"currency":"KRW","transaction_id":"t-7"}`))
	f.Add([]byte(`{"seq":8,"op":"refund","effect":"refunded","reference":"123.3.1"}`))
	f.Add([]byte(`{"seq":9,"op":"refund","effect":"refused","reference":"123.3.0","original":"123.3","code":"exceeds"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		e, err := DecodeEntry(line)
		if err != nil {
			return
		}
		if e.Seq == 0 || e.Effect == "" || e.Effect == "refunded" && e.Original == "" {
			t.Fatalf("%q was taken as %+v", line, e)
		}
		if name, ok := ParseReference(e.Reference); ok && !strings.Contains(e.Reference, ".") {
			t.Fatalf("reference %q names %+v", e.Reference, name)
		}
	})
}

// A line as the mock writes it is read the fast way, or the verifier is ten times slower on real books than on those of its tests.
func TestDecodeEntry_RealLinesAreReadTheFastWay(t *testing.T) {
	for _, line := range []string{
		`{"seq":7,"at":"2026-11-23T00:00:00.123456789Z","means":"POINT","op":"reserve","effect":"held","reference":"123.1","order_id":"o-1","merchant":"1","amount":500,"currency":"KRW","source":"w7","transaction_id":"t-7","expires_at":"2026-11-23T00:10:00Z","nth":1}`,
		`{"seq":8,"at":"2026-11-23T00:00:00Z","means":"PG","op":"charge","effect":"declined","reference":"123.2","order_id":"o-1","merchant":"1","amount":500,"currency":"KRW","transaction_id":"","code":"insufficient_funds","nth":1}`,
	} {
		var e Entry
		if !plain.Object([]byte(line), e.field) {
			t.Errorf("%s goes the slow way", line)
		}
		slow, err := DecodeEntry([]byte(" " + line))
		if err != nil || slow != e {
			t.Errorf("the two ways differ: %+v and %+v, %v", e, slow, err)
		}
	}
}
