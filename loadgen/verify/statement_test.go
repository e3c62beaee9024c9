package verify

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

const (
	captureLine = `{"kind":"capture","reference":"7.1","transaction_id":"t-5","amount":100,"currency":"KRW","booked_at":"2026-11-23T00:00:00.5Z"}` + "\n"
	refundLine  = `{"kind":"refund","reference":"7.1.1","original":"7.1","transaction_id":"t-9","amount":40,"currency":"KRW","booked_at":"2026-11-23T01:00:00Z"}` + "\n"
	endLine     = `{"kind":"end","count":2,"sum_captures":100,"sum_refunds":40}` + "\n"
)

func readLines(t *testing.T, body string) (lines []Line, last error) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/point/v1/statement" || r.FormValue("date") != "2026-11-23" {
			t.Errorf("asked for %s", r.URL)
		}
		_, _ = w.Write([]byte(body))
	}))
	defer server.Close()
	for line, err := range (Statement{URL: Addresses(server.URL + "/")}).Lines(t.Context(), "POINT", "2026-11-23") {
		if err != nil {
			return lines, err
		}
		lines = append(lines, line)
	}
	return lines, nil
}

func TestLines_WholeStatement_IsReadWithoutItsEnd(t *testing.T) {
	lines, err := readLines(t, captureLine+refundLine+endLine)
	if err != nil || len(lines) != 2 || lines[0].Amount != 100 || lines[1].Original != "7.1" {
		t.Errorf("%+v, %v", lines, err)
	}
	if _, err := readLines(t, `{"kind":"end","count":0,"sum_captures":0,"sum_refunds":0}`+"\n"); err != nil {
		t.Errorf("a day without money: %v", err)
	}
}

func TestLines_StatementThatCannotBeTrusted_IsAnError(t *testing.T) {
	for name, body := range map[string]string{
		"nothing":                 "",
		"cut before its end":      captureLine + refundLine,
		"cut in its end":          captureLine + refundLine + endLine[:20],
		"a line is missing":       captureLine + endLine,
		"a line is there twice":   captureLine + captureLine + refundLine + endLine,
		"another sum of captures": strings.Replace(captureLine, "100", "101", 1) + refundLine + endLine,
		"another sum of refunds":  captureLine + strings.Replace(refundLine, "40", "41", 1) + endLine,
		"goes on behind its end":  captureLine + refundLine + endLine + captureLine,
		"two ends":                captureLine + refundLine + endLine + endLine,
		"a kind nobody knows":     strings.Replace(captureLine, "capture", "gift", 1) + refundLine + endLine,
		"no reference":            strings.Replace(captureLine, "7.1", "", 1) + refundLine + endLine,
		"an amount below zero":    strings.Replace(captureLine, "100", "-100", 1) + refundLine + endLine,
		"not JSON":                "oops\n" + endLine,
		"a line that is too long": strings.Replace(captureLine, "KRW", strings.Repeat("K", maxSourceLine), 1) + refundLine + endLine,
	} {
		if lines, err := readLines(t, body); err == nil {
			t.Errorf("%s: read as %+v without an error", name, lines)
		}
	}
}

func TestLines_AnswerThatIsNoStatement_NamesItsStatus(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	for _, err := range (Statement{URL: []string{server.URL}}).Lines(t.Context(), "PG", "2026-11-23") {
		if err == nil || !strings.Contains(err.Error(), "404") || !strings.Contains(err.Error(), "PG") {
			t.Errorf("error %v", err)
		}
	}
}

func TestBusinessDay_IsSeouls(t *testing.T) {
	for at, day := range map[string]string{
		"2026-11-23T14:59:59.999Z": "2026-11-23",
		"2026-11-23T15:00:00Z":     "2026-11-24",
		"2026-12-31T15:00:00Z":     "2027-01-01",
	} {
		parsed, err := time.Parse(time.RFC3339Nano, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := businessDay(parsed); got != day {
			t.Errorf("%s counts for %s, want %s", at, got, day)
		}
	}
}

func TestNote_BookWhoseClockIsOutOfItsMind_IsAnError(t *testing.T) {
	f := &facts{days: map[businessOf]bool{}}
	var last error
	for i := range maxDays + 1 {
		if last != nil {
			t.Fatalf("after %d days: %v", i, last)
		}
		last = f.note(&movement{Entry: Entry{Effect: "charged", Means: "PG", At: began.AddDate(0, 0, i)}})
	}
	if last == nil {
		t.Errorf("%d days are asked for", len(f.days))
	}
}

func FuzzDecodeLine(f *testing.F) {
	f.Add([]byte(captureLine))
	f.Add([]byte(refundLine))
	f.Add([]byte(endLine))
	f.Add([]byte(`{"kind":"end"}`))
	f.Add([]byte(`{"kind":"gift","reference":"1.1","amount":5}`))
	f.Add([]byte(`{"kind":"capture","reference":"1.1","amount":9223372036854775807,"currency":""}`))
	f.Add([]byte(`{"kind":"refund","reference":"1.1.1","amount":0}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := DecodeLine(text)
		if err != nil {
			return
		}
		money := l.Kind == "capture" || l.Kind == "refund"
		if !money && l.Kind != "end" || money && (l.Amount <= 0 || l.Reference == "") {
			t.Fatalf("%q was taken as %+v", text, l)
		}
	})
}
