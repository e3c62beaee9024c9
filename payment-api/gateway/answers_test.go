package gateway_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"gazua.example/payment-api/payment"
)

// The table "the result of a reserve or charge" of the payment rules, row by row: money may be believed to have moved, or
// not to have moved, only where an answer proves it.
func TestCharge_WhatEachAnswerMeans(t *testing.T) {
	whole := "HTTP/1.1 200 OK\r\nContent-Length: 160\r\n\r\n"
	for name, c := range map[string]struct {
		answer func(net.Conn, int64) bool
		result payment.Result
		code   string
	}{
		"documented success":        {send(200, approved), payment.Done, ""},
		"documented decline":        {send(200, `{"result":"declined","reference":"7.1","code":"insufficient_funds"}`), payment.Refused, "insufficient_funds"},
		"net-cancelled before":      {send(200, `{"result":"refused","reference":"7.1","code":"tombstoned"}`), payment.Refused, "tombstoned"},
		"429":                       {send(429, `{}`), payment.NotProcessed, "too-many-requests"},
		"another amount":            {send(200, strings.Replace(approved, "20000", "20001", 1)), payment.Unclear, "another-amount"},
		"no amount":                 {send(200, strings.Replace(approved, `"amount":20000,`, "", 1)), payment.Unclear, "another-amount"},
		"another currency":          {send(200, strings.Replace(approved, "KRW", "JPY", 1)), payment.Unclear, "another-amount"},
		"another reference":         {send(200, strings.Replace(approved, "7.1", "7.2", 1)), payment.Unclear, "another-reference"},
		"no reference":              {send(200, strings.Replace(approved, `"reference":"7.1",`, "", 1)), payment.Unclear, "another-reference"},
		"decline of another":        {send(200, `{"result":"declined","reference":"8.1","code":"x"}`), payment.Unclear, "another-reference"},
		"already processed":         {send(200, `{"result":"refused","reference":"7.1","code":"already_processed"}`), payment.Unclear, "already_processed"},
		"refused, but not why":      {send(200, `{"result":"refused","reference":"7.1"}`), payment.Unclear, "undocumented-refusal"},
		"not_found to a charge":     {send(200, `{"result":"not_found","reference":"7.1"}`), payment.Unclear, "undocumented-result"},
		"held to a charge":          {send(200, strings.Replace(approved, "approved", "held", 1)), payment.Unclear, "undocumented-result"},
		"undocumented result":       {send(200, strings.Replace(approved, "approved", "accepted", 1)), payment.Unclear, "undocumented-result"},
		"empty object":              {send(200, `{}`), payment.Unclear, "another-reference"},
		"empty body":                {send(200, ""), payment.Unclear, "garbage"},
		"garbage":                   {send(200, "<html>oops</html>"), payment.Unclear, "garbage"},
		"two answers in one":        {send(200, approved+approved), payment.Unclear, "garbage"},
		"amount as a text":          {send(200, strings.Replace(approved, "20000", `"20000"`, 1)), payment.Unclear, "garbage"},
		"half a body":               {raw(whole + approved[:60]), payment.Unclear, "closed"},
		"half a header":             {raw("HTTP/1.1 200 OK\r\nContent-"), payment.Unclear, "broken"},
		"not HTTP":                  {raw("SSH-2.0-OpenSSH\r\n\r\n"), payment.Unclear, "broken"},
		"closed without an answer":  {raw(""), payment.Unclear, "closed"},
		"too large":                 {send(200, approved+strings.Repeat(" ", 64<<10)), payment.Unclear, "answer-too-large"},
		"500 with a success in it":  {send(500, approved), payment.Unclear, "http-500"},
		"503":                       {send(503, `{}`), payment.Unclear, "http-503"},
		"400":                       {send(400, `{"result":"invalid"}`), payment.Unclear, "http-400"},
		"404":                       {send(404, `{}`), payment.Unclear, "http-404"},
		"409 with a decline in it":  {send(409, `{"result":"declined","reference":"7.1","code":"x"}`), payment.Unclear, "http-409"},
		"201 with a success in it":  {send(201, approved), payment.Unclear, "http-201"},
		"204":                       {raw("HTTP/1.1 204 No Content\r\n\r\n"), payment.Unclear, "http-204"},
		"429, but half a body":      {raw("HTTP/1.1 429 x\r\nContent-Length: 10\r\n\r\n{}"), payment.Unclear, "closed"},
		"time-out":                  {silent, payment.Unclear, "timeout"},
		"header, then silence":      {func(c net.Conn, n int64) bool { raw(whole)(c, n); return silent(c, n) }, payment.Unclear, "timeout"},
		"reset after the request":   {func(c net.Conn, _ int64) bool { reset(c); return false }, payment.Unclear, "reset"},
		"an early hint, then it is": {func(c net.Conn, n int64) bool { raw("HTTP/1.1 103 x\r\n\r\n")(c, n); return send(200, approved)(c, n) }, payment.Done, ""},
	} {
		t.Run(name, func(t *testing.T) {
			m := serve(t, c.answer)
			expect(t, connect(t, m.url()).Do(t.Context(), charge()), c.result, c.code)
			if n := m.requests.Load(); n != 1 {
				t.Errorf("the means got %d requests, want 1", n)
			}
		})
	}
}

func TestCharge_Approved_KeepsTheMeansIDAndBookingTime(t *testing.T) {
	m := serve(t, send(200, approved))
	got := connect(t, m.url()).Do(t.Context(), charge())
	if want := time.Date(2026, 3, 1, 0, 0, 0, 500_000_000, time.UTC); got.TransactionID != "t-1" || !got.BookedAt.Equal(want) {
		t.Errorf("got %q booked at %s", got.TransactionID, got.BookedAt)
	}
}

// What a means says stands in our rows later: text that no column takes would keep a payment from ever settling.
func TestCharge_OverlongTextsOfTheMeans_AreCutToWhatTheStoreTakes(t *testing.T) {
	long := strings.Repeat("x", 5000)
	m := serve(t, send(200, `{"result":"declined","reference":"7.1","code":"잔액 `+long+`"}`))
	got := connect(t, m.url()).Do(t.Context(), charge())
	if got.Result != payment.Refused || got.Code != "?? "+long[:61] {
		t.Errorf("got result %d, code of %d bytes %.10q", got.Result, len(got.Code), got.Code)
	}
	m = serve(t, send(200, strings.NewReplacer("t-1", long, "2026", "0000").Replace(approved)))
	got = connect(t, m.url()).Do(t.Context(), charge())
	if got.Result != payment.Done || got.TransactionID != long[:64] || !got.BookedAt.IsZero() {
		t.Errorf("got result %d, transaction id of %d bytes, booked at %s", got.Result, len(got.TransactionID), got.BookedAt)
	}
}

// After a 302 net/http would ask elsewhere with a GET, whose answer is nobody's charge.
func TestCharge_Redirect_IsNotFollowed(t *testing.T) {
	elsewhere := serve(t, send(200, approved))
	for _, status := range []string{"301", "302", "303", "307", "308"} {
		m := serve(t, raw("HTTP/1.1 "+status+" x\r\nLocation: "+elsewhere.url()+"/pg/v1/charge\r\nContent-Length: 0\r\n\r\n"))
		expect(t, connect(t, m.url()).Do(t.Context(), charge()), payment.Unclear, "http-"+status)
	}
	if n := elsewhere.requests.Load(); n != 0 {
		t.Errorf("the charge was sent on %d times", n)
	}
}

// The other operations know their own success and refusals only.
func TestDo_EachOperation_AcceptsItsOwnAnswers(t *testing.T) {
	money := `,"amount":20000,"currency":"KRW"}`
	for name, c := range map[string]struct {
		op     payment.Op
		body   string
		result payment.Result
		code   string
	}{
		"reserve held":               {payment.Reserve, `{"result":"held","reference":"7.1"` + money, payment.Done, ""},
		"reserve declined":           {payment.Reserve, `{"result":"declined","reference":"7.1","code":"no_balance"}`, payment.Refused, "no_balance"},
		"reserve held already":       {payment.Reserve, `{"result":"refused","reference":"7.1","code":"already_held"}`, payment.Unclear, "already_held"},
		"reserve another amount":     {payment.Reserve, `{"result":"held","reference":"7.1","amount":1,"currency":"KRW"}`, payment.Unclear, "another-amount"},
		"confirm captured":           {payment.Confirm, `{"result":"captured","reference":"7.1"` + money, payment.Done, ""},
		"confirm another amount":     {payment.Confirm, `{"result":"captured","reference":"7.1","amount":1,"currency":"KRW"}`, payment.Unclear, "another-amount"},
		"confirm refused":            {payment.Confirm, `{"result":"refused","reference":"7.1","code":"expired"}`, payment.Refused, "expired"},
		"confirm declined":           {payment.Confirm, `{"result":"declined","reference":"7.1","code":"x"}`, payment.Unclear, "undocumented-result"},
		"release released":           {payment.Release, `{"result":"released","reference":"7.1"}`, payment.Done, ""},
		"release of a captured one":  {payment.Release, `{"result":"refused","reference":"7.1","code":"captured"}`, payment.Refused, "captured"},
		"void voided":                {payment.Void, `{"result":"voided","reference":"7.1","voided":1}`, payment.Done, ""},
		"void of nothing":            {payment.Void, `{"result":"refused","reference":"7.1","code":"not_found"}`, payment.Refused, "not_found"},
		"net-cancel canceled":        {payment.NetCancel, `{"result":"canceled","reference":"7.1","voided":0}`, payment.Done, ""},
		"net-cancel voided":          {payment.NetCancel, `{"result":"voided","reference":"7.1"}`, payment.Unclear, "undocumented-result"},
		"inquiry refused":            {payment.Inquiry, `{"result":"refused","reference":"7.1","code":"x"}`, payment.Unclear, "undocumented-result"},
		"inquiry nothing there":      {payment.Inquiry, `{"result":"not_found","reference":"7.1"}`, payment.NotFound, ""},
		"inquiry not ours not found": {payment.Inquiry, `{"result":"not_found","reference":"9.1"}`, payment.Unclear, "another-reference"},
	} {
		t.Run(name, func(t *testing.T) {
			m := serve(t, send(200, c.body))
			expect(t, connect(t, m.url()).Do(t.Context(), call(c.op, payment.Point)), c.result, c.code)
		})
	}
}

func TestInquiry_EachStatus_BecomesALegState(t *testing.T) {
	for name, c := range map[string]struct {
		members string
		result  payment.Result
		leg     payment.LegState
	}{
		"captured":                  {`"status":"CAPTURED","live":1,"amount":20000,"currency":"KRW"`, payment.Done, payment.Captured},
		"held":                      {`"status":"HELD","live":1,"amount":20000,"currency":"KRW"`, payment.Done, payment.Held},
		"voided":                    {`"status":"VOIDED","live":0,"amount":20000,"currency":"KRW"`, payment.Done, payment.Voided},
		"voided, amount unknown":    {`"status":"VOIDED","live":0`, payment.Done, payment.Voided},
		"declined":                  {`"status":"DECLINED","live":0`, payment.Done, payment.Declined},
		"released":                  {`"status":"RELEASED","live":0`, payment.Done, payment.Released},
		"expired":                   {`"status":"EXPIRED","live":0`, payment.Done, payment.Released},
		"captured twice":            {`"status":"CAPTURED","live":2,"amount":20000,"currency":"KRW"`, payment.Unclear, ""},
		"captured another amount":   {`"status":"CAPTURED","live":1,"amount":1,"currency":"KRW"`, payment.Unclear, ""},
		"captured, nothing live":    {`"status":"CAPTURED","live":0,"amount":20000,"currency":"KRW"`, payment.Unclear, ""},
		"voided, one still live":    {`"status":"VOIDED","live":1`, payment.Unclear, ""},
		"declined, one still live":  {`"status":"DECLINED","live":1`, payment.Unclear, ""},
		"a status we do not know":   {`"status":"SETTLING","live":1,"amount":20000,"currency":"KRW"`, payment.Unclear, ""},
		"no status":                 {`"live":1,"amount":20000,"currency":"KRW"`, payment.Unclear, ""},
		"a negative number is live": {`"status":"VOIDED","live":-1`, payment.Unclear, ""},
	} {
		t.Run(name, func(t *testing.T) {
			m := serve(t, send(200, `{"result":"found","reference":"7.1",`+c.members+`}`))
			got := connect(t, m.url()).Do(t.Context(), call(payment.Inquiry, payment.PG))
			if got.Result != c.result || got.Leg != c.leg {
				t.Errorf("got result %d leg %q, want %d %q", got.Result, got.Leg, c.result, c.leg)
			}
		})
	}
}
