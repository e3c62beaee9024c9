package book

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestWriteWithoutTokens_NothingElseIsLost(t *testing.T) {
	b, _ := open(t, t.TempDir())
	with := charge("1.1")
	with.Token = "gz1;seed=1;charge=ok;refund=decline:token"
	refund := Entry{
		Means: "PG", Op: "refund", Effect: Refunded, Reference: "1.1.1", Original: "1.1", OrderID: "token", Merchant: "1", Amount: 5, Currency: "KRW", Nth: 1,
	}
	appendAndWait(t, b, with, charge("2.1"), refund)
	for from := range uint64(4) {
		section, err := b.Since(from)
		if err != nil {
			t.Fatal(err)
		}
		var text bytes.Buffer
		if err := section.WriteWithoutTokens(&text); err != nil {
			t.Fatal(err)
		}
		_ = section.Close()
		last := from
		for line := range bytes.Lines(text.Bytes()) {
			e, err := ParseLine(line)
			if err != nil || e.Seq != last+1 || e.Token != "" || e.Currency != "KRW" || e.Nth != 1 {
				t.Errorf("from %d: %s (%v)", from, line, err)
			}
			last = e.Seq
		}
		if last != 3 || strings.Contains(text.String(), "gz1") {
			t.Errorf("from %d: %s", from, text.String())
		}
	}
}

func TestWriteWithoutTokens_AReaderThatHasLeftIsAnError(t *testing.T) {
	b, _ := open(t, t.TempDir())
	appendAndWait(t, b, charge("1.1"))
	section, err := b.Since(0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = section.Close() }()
	if err := section.WriteWithoutTokens(&fullDisk{to: &bytes.Buffer{}}); !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
}

// FuzzParseLine: no line makes the parser panic. What it reads can be written and read again, and then also without its
// token, as long as its texts are such as a book has.
func FuzzParseLine(f *testing.F) {
	const charged = `{"seq":1,"at":"2026-01-02T03:04:05.000000678Z","means":"PG","op":"charge","effect":"charged","reference":"123.3",` +
		`"order_id":"o-1","merchant":"1","amount":20000,"currency":"KRW","transaction_id":"t-1","nth":1,"token":"gz1;charge=ok"}`
	for _, line := range []string{
		charged,
		strings.Replace(charged, `"nth":1`, `"code":"x","expires_at":"2026-01-02T03:04:05+09:00"`, 1),
		strings.NewReplacer(`"op":"charge","effect":"charged"`, `"op":"refund","effect":"refunded"`, `"123.3"`, `"123.3.1","original":"123.3"`).Replace(charged),
		strings.NewReplacer(`"op":"charge","effect":"charged"`, `"op":"refund","effect":"refused"`).Replace(charged),
		strings.Replace(charged, `t-1`, `t-18446744073709551616`, 1), strings.Replace(charged, "123.3", `12\u00223.3`, 1),
		strings.Replace(charged, `"token":"gz1`, `"token":"`, 1) + charged, charged[:60], `{"seq":1,"reference":"1","effect":"held"}`, `{}`, ``, `null`, `7`,
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := ParseLine(text)
		if err != nil {
			return
		}
		if e.Seq == 0 || e.Reference == "" || !e.Effect.known() || (e.Effect == Refunded && e.Original == "") {
			t.Fatalf("read %+v", e)
		}
		for _, field := range []string{e.Means, e.Op, e.Reference, e.Original, e.OrderID, e.Merchant, e.Currency, e.Code, e.Token} {
			if strings.ContainsFunc(field, func(c rune) bool { return c < ' ' || c == '"' || c == '\\' || c == utf8.RuneError }) {
				return // the server does not admit such texts, and the line is written without escaping
			}
		}
		written := e.appendLine(nil)
		again, err := ParseLine(written)
		if err != nil || !same(again, e) {
			t.Fatalf("read %+v\nwrote %s\nread %+v (%v)", e, written, again, err)
		}
		head, tail := cutToken(written)
		public, err := ParseLine(append(bytes.Clone(head), tail...))
		e.Token = ""
		if err != nil || !same(public, e) {
			t.Fatalf("wrote %s\nin public %s%s (%v)", written, head, tail, err)
		}
	})
}

// same compares entries whose times may stand in different zones.
func same(a, b Entry) bool {
	if !a.At.Equal(b.At) || !a.ExpiresAt.Equal(b.ExpiresAt) {
		return false
	}
	a.At, a.ExpiresAt = b.At, b.ExpiresAt
	return a == b
}
