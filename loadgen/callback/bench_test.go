package callback

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// BenchmarkJudge is what a callback costs behind the HTTP server: its signature and its body.
func BenchmarkJudge(b *testing.B) {
	r := &Receiver{secrets: map[string][]byte{"1": secretA}, refuse: 0.01, each: func(*Call) {}}
	at, mac := strconv.FormatInt(time.Now().Unix(), 10), hmac.New(sha256.New, secretA)
	fmt.Fprintf(mac, "evt_5_3.%s.%s", at, paid)
	var ctx fasthttp.RequestCtx
	ctx.Request.Header.SetMethod("POST")
	ctx.Request.SetRequestURI("/callbacks/1")
	ctx.Request.Header.Set("Webhook-Id", "evt_5_3")
	ctx.Request.Header.Set("Webhook-Timestamp", at)
	ctx.Request.Header.Set("Webhook-Signature", "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	ctx.Request.SetBodyString(paid)
	b.ReportAllocs()
	for b.Loop() {
		r.serve(&ctx)
	}
	if status := ctx.Response.StatusCode(); status != 204 {
		b.Errorf("answered %d", status)
	}
}
