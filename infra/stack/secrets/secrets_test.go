package secrets_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gazua.example/infra/stack/secrets"
)

const callbacks = "http://127.0.0.1:18090/callbacks"

func TestEnsure_MakesOnceAndOnlyForTheOwner(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "secrets")
	first, err := secrets.Ensure(dir, callbacks)
	if err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(secrets.MerchantsFile(dir))
	if err != nil {
		t.Fatal(err)
	}
	second, err := secrets.Ensure(dir, callbacks)
	if err != nil || second != first {
		t.Errorf("the passwords changed at the second call: %v", err)
	}
	after, err := os.ReadFile(secrets.MerchantsFile(dir))
	if err != nil || string(after) != string(before) {
		t.Errorf("the merchants' keys changed at the second call: %v", err)
	}
	if first.Root == first.Admin || first.App == first.Verifier || first.App == "" {
		t.Error("two users share a password")
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder: %v %v, want 0700", info.Mode(), err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 2 {
		t.Errorf("files: %v %v", files, err)
	}
	for _, file := range files {
		if info, err := file.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v, want 0600", file.Name(), info.Mode(), err)
		}
	}
}

func TestEnsure_MerchantsHaveTheShapeThatOthersRead(t *testing.T) {
	dir := t.TempDir()
	if _, err := secrets.Ensure(dir, callbacks); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(secrets.MerchantsFile(dir))
	if err != nil {
		t.Fatal(err)
	}
	var merchants []map[string]any
	if err := json.Unmarshal(text, &merchants); err != nil || len(merchants) != 2 {
		t.Fatalf("%d merchants, %v", len(merchants), err)
	}
	for i, m := range merchants {
		if m["id"] != float64(i+1) {
			t.Errorf("id %v", m["id"])
		}
		if key, _ := m["api_key"].(string); !regexp.MustCompile(`^gzk_[0-9a-f]{64}$`).MatchString(key) {
			t.Error("api_key is not gzk_ and 64 hex digits")
		}
		if want := fmt.Sprintf("%s/%d", callbacks, i+1); m["callback_url"] != want {
			t.Errorf("callback_url %v, want %s", m["callback_url"], want)
		}
		secret, _ := m["webhook_secret"].(string)
		raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		if err != nil || len(raw) != 32 || !strings.HasPrefix(secret, "whsec_") {
			t.Errorf("webhook_secret is not whsec_ and 32 bytes in base64: %v", err)
		}
	}
}
