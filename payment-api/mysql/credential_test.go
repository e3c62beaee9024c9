package mysql_test

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
)

const secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="

// valid says whose a key is now; 0: nobody's.
func valid(t *testing.T, key string) payment.MerchantID {
	t.Helper()
	keys, err := mysql.Keys(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return keys[sha256.Sum256([]byte(key))]
}

func TestRegisterMerchants_KeepsHashesOnly_AndCanBeRepeated(t *testing.T) {
	merchant := payment.MerchantID(10_000 + counter.Add(1))
	m := mysql.Merchant{ID: merchant, Name: "m", APIKey: fmt.Sprintf("gzk_secret_%d", merchant), WebhookSecret: secret, CallbackURL: "http://127.0.0.1:18090/callbacks/1"}
	for range 2 {
		if err := mysql.RegisterMerchants(t.Context(), db, []mysql.Merchant{m}); err != nil {
			t.Fatal(err)
		}
	}
	if valid(t, m.APIKey) != merchant {
		t.Error("the key is not known")
	}
	for query, want := range map[string]int{
		"SELECT COUNT(*) FROM api_key WHERE merchant_id = ?":                                                        1,
		"SELECT COUNT(*) FROM webhook_secret WHERE merchant_id = ? AND secret = '" + secret + "'":                   1,
		"SELECT COUNT(*) FROM merchant WHERE id = ? AND callback_url = 'http://127.0.0.1:18090/callbacks/1'":        1,
		"SELECT COUNT(*) FROM api_key WHERE merchant_id = ? AND created_at > UTC_TIMESTAMP(6) - INTERVAL 10 MINUTE": 1,
	} {
		if n := number(t, query, merchant); n != want {
			t.Errorf("%s: %d, want %d", query, n, want)
		}
	}
	m.CallbackURL = ""
	if err := mysql.RegisterMerchants(t.Context(), db, []mysql.Merchant{m}); err != nil {
		t.Fatal(err)
	}
	if n := number(t, "SELECT COUNT(*) FROM merchant WHERE id = ? AND callback_url IS NULL", merchant); n != 1 {
		t.Error("a callback URL that was taken out of the file is still called")
	}
}

func TestRegisterMerchants_RefusesWhatCannotWork_ShowingNoSecret(t *testing.T) {
	good := mysql.Merchant{ID: 10_000 + payment.MerchantID(counter.Add(1)), Name: "m", APIKey: "gzk_hunter2", WebhookSecret: secret, CallbackURL: "https://shop.example/cb?x=1"}
	for want, spoil := range map[string]func(*mysql.Merchant){
		"it has no id":                     func(m *mysql.Merchant) { m.ID = 0 },
		"it has no api_key":                func(m *mysql.Merchant) { m.APIKey = "" },
		"absolute http or https":           func(m *mysql.Merchant) { m.CallbackURL = "/callbacks" },
		"an absolute http or https":        func(m *mysql.Merchant) { m.CallbackURL = "ftp://shop.example/cb" },
		"must be an absolute http":         func(m *mysql.Merchant) { m.CallbackURL = "https:shop.example" },
		"callback_url must be an absolute": func(m *mysql.Merchant) { m.CallbackURL = "https:///cb" },
		"must not hold credentials":        func(m *mysql.Merchant) { m.CallbackURL = "https://user:hunter2@shop.example/cb" },
		"must not have a fragment":         func(m *mysql.Merchant) { m.CallbackURL = "https://shop.example/cb#" },
		"printable ASCII":                  func(m *mysql.Merchant) { m.CallbackURL = "https://가게.example/cb" },
		"longer than 512":                  func(m *mysql.Merchant) { m.CallbackURL = "https://shop.example/" + strings.Repeat("x", 512) },
		"webhook_secret must be whsec_":    func(m *mysql.Merchant) { m.WebhookSecret = "hunter2hunter2hunter2hunter2hunter2" },
		"whsec_ and 24 to 64 bytes":        func(m *mysql.Merchant) { m.WebhookSecret = "whsec_aHVudGVyMg==" },
		"24 to 64 bytes in base64":         func(m *mysql.Merchant) { m.WebhookSecret = secret + "%hunter2" },
	} {
		m := good
		spoil(&m)
		err := mysql.RegisterMerchants(t.Context(), db, []mysql.Merchant{good, m})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("want %q: %v", want, err)
		}
	}
	if n := number(t, "SELECT COUNT(*) FROM merchant WHERE id = ?", good.ID); n != 0 {
		t.Error("half of a file that was refused is registered")
	}
}

func TestRotateKey_OldOnesEndAfterTheOverlap(t *testing.T) {
	merchant := registered(t, "")
	first := fmt.Sprintf("gzk_%d", merchant)
	second, err := mysql.RotateKey(t.Context(), db, merchant, time.Hour)
	if err != nil || valid(t, first) != merchant || valid(t, second) != merchant || !strings.HasPrefix(second, "gzk_") || len(second) != 4+64 {
		t.Fatalf("%s, %v", second, err)
	}
	third, err := mysql.RotateKey(t.Context(), db, merchant, 2*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	listed, err := mysql.ListKeys(t.Context(), db, merchant)
	if err != nil || len(listed) != 3 {
		t.Fatalf("%+v, %v", listed, err)
	}
	for i, key := range []string{first, second, third} {
		hash := sha256.Sum256([]byte(key))
		if l := listed[i]; l.Prefix != fmt.Sprintf("%x", hash[:6]) || !l.Valid || l.Created.IsZero() {
			t.Errorf("key %d: %+v", i, l)
		}
	}
	for i, hours := range []float64{1, 2} {
		if got := time.Until(listed[i].Expires).Hours(); got > hours || got < hours-0.1 {
			t.Errorf("key %d expires in %.2f hours, want %.0f", i, got, hours)
		}
	}
	if !listed[2].Expires.IsZero() {
		t.Error("the new key expires")
	}
	fourth, err := mysql.RotateKey(t.Context(), db, merchant, 0)
	if err != nil || valid(t, first) != 0 || valid(t, third) != 0 || valid(t, fourth) != merchant {
		t.Errorf("without overlap: %v", err)
	}
	if err := mysql.RegisterMerchants(t.Context(), db, []mysql.Merchant{{ID: merchant, Name: "m", APIKey: first}}); err != nil || valid(t, first) != 0 {
		t.Errorf("registering again brought an expired key back, %v", err)
	}
	if ended, err := mysql.RevokeKey(t.Context(), db, merchant, listed[0].Prefix); err != nil || ended || valid(t, fourth) != merchant {
		t.Errorf("revoking one that had ended: %t, %v", ended, err)
	}
	hash := sha256.Sum256([]byte(fourth))
	prefix := fmt.Sprintf("%x", hash[:6])
	if ended, err := mysql.RevokeKey(t.Context(), db, merchant+1, prefix); err != nil || ended || valid(t, fourth) != merchant {
		t.Errorf("revoking another merchant's: %t, %v", ended, err)
	}
	if ended, err := mysql.RevokeKey(t.Context(), db, merchant, prefix); err != nil || !ended || valid(t, fourth) != 0 {
		t.Errorf("revoking: %t, %v", ended, err)
	}
}

func TestRevokeKey_EndsThatOneOnly(t *testing.T) {
	merchant, other := registered(t, ""), registered(t, "")
	key, err := mysql.RotateKey(t.Context(), db, merchant, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256.Sum256([]byte(key))
	prefix := fmt.Sprintf("%x", hash[:6])
	for _, c := range []struct {
		merchant payment.MerchantID
		prefix   string
		is       bool
	}{{other, prefix, false}, {merchant, "", false}, {merchant, prefix[:6], false}, {merchant, "000000000000", false}, {merchant, prefix, true}, {merchant, prefix, false}} {
		if is, err := mysql.RevokeKey(t.Context(), db, c.merchant, c.prefix); err != nil || is != c.is {
			t.Errorf("revoke %q of merchant %d: %t, %v", c.prefix, c.merchant, is, err)
		}
	}
	if valid(t, key) != 0 || valid(t, fmt.Sprintf("gzk_%d", merchant)) != merchant {
		t.Error("another key was revoked")
	}
	secret, err := mysql.RotateSecret(t.Context(), db, merchant, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	hash = sha256.Sum256([]byte(secret))
	if is, err := mysql.RevokeSecret(t.Context(), db, merchant, fmt.Sprintf("%x", hash[:6])); err != nil || !is {
		t.Errorf("the secret: %t, %v", is, err)
	}
}

func TestRotateKey_OfNobody_MakesNone(t *testing.T) {
	if key, err := mysql.RotateKey(t.Context(), db, 4_000_000_000, 0); err == nil || key != "" || !strings.Contains(err.Error(), "no such merchant") {
		t.Errorf("%q, %v", key, err)
	}
	if n := number(t, "SELECT COUNT(*) FROM api_key WHERE merchant_id = 4000000000"); n != 0 {
		t.Error("a key without a merchant")
	}
}

func TestRotateSecret_OldOnesEndAfterTheOverlap_AndAreNeverListed(t *testing.T) {
	merchant := registered(t, "https://shop.example/cb")
	first, err := mysql.RotateSecret(t.Context(), db, merchant, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	second, err := mysql.RotateSecret(t.Context(), db, merchant, time.Hour)
	if err != nil || first == second || !strings.HasPrefix(second, "whsec_") {
		t.Fatal(second, err)
	}
	listed, err := mysql.ListSecrets(t.Context(), db, merchant)
	if err != nil || len(listed) != 2 || listed[0].Expires.IsZero() || !listed[1].Expires.IsZero() || !listed[0].Valid {
		t.Fatalf("%+v, %v", listed, err)
	}
	for i, s := range []string{first, second} {
		if hash := sha256.Sum256([]byte(s)); listed[i].Prefix != fmt.Sprintf("%x", hash[:6]) || strings.Contains(s, listed[i].Prefix) {
			t.Errorf("%+v", listed[i])
		}
	}
	called, err := mysql.NewCallbacks(db).Destinations(t.Context(), []payment.MerchantID{merchant})
	if err != nil || len(called[merchant].Secrets) != 2 {
		t.Errorf("%+v, %v", called, err)
	}
	if ended, err := mysql.RevokeSecret(t.Context(), db, merchant, listed[0].Prefix); err != nil || !ended {
		t.Errorf("revoking: %t, %v", ended, err)
	}
	if called, err = mysql.NewCallbacks(db).Destinations(t.Context(), []payment.MerchantID{merchant}); err != nil || !slices.Equal(called[merchant].Secrets, []string{second}) {
		t.Errorf("%+v, %v", called, err)
	}
}
