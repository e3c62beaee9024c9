package secrets

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
)

const callbacks = "http://127.0.0.1:18090/callbacks"

// before is the merchants' file as the stack wrote it before there were callbacks, with what a person added.
const before = `[
  {"id": 1, "name": "merchant-a", "api_key": "gzk_aa", "webhook_secret": "whsec_AA=="},
  {"id": 2, "name": "merchant-b", "api_key": "gzk_bb", "webhook_secret": "whsec_BB==", "note": {"by": ["hand", 1.50]}}
]`

func TestEnsure_OlderFile_GetsCallbackURLsAndKeepsItsKeys(t *testing.T) {
	dir := t.TempDir()
	path := MerchantsFile(dir)
	if err := os.WriteFile(path, []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	old, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Ensure(dir, callbacks); err != nil {
		t.Fatal(err)
	}
	want := strings.NewReplacer(`AA=="`, `AA==", "callback_url": "`+callbacks+`/1"`, `BB=="`, `BB==", "callback_url": "`+callbacks+`/2"`).Replace(before)
	once := same(t, path, want)
	if now, err := os.Stat(path); err != nil || os.SameFile(old, now) {
		t.Errorf("the file was written over, not replaced whole: %v", err)
	} else if now.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want 0600", now.Mode())
	}
	replaced, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Ensure(dir, callbacks); err != nil {
		t.Fatal(err)
	}
	if now, err := os.Stat(path); err != nil || !os.SameFile(replaced, now) {
		t.Errorf("nothing was to do, and the file was replaced: %v", err)
	}
	// The port was changed: our URLs follow.
	if _, err := Ensure(dir, "http://127.0.0.1:19090/callbacks"); err != nil {
		t.Fatal(err)
	}
	same(t, path, strings.ReplaceAll(once, "18090", "19090"))
}

// same says whether the file holds these merchants, in whatever order their members stand.
func same(t *testing.T, path, want string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := decoded(t, string(text)), decoded(t, want); !reflect.DeepEqual(got, want) {
		t.Errorf("the file is\n%s\nwant\n%s", text, want)
	}
	return string(text)
}

func decoded(t *testing.T, text string) (value any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestWithCallbacks_WhatAPersonWroteStays(t *testing.T) {
	for url, want := range map[string]string{
		`"http://127.0.0.1:1/callbacks/7"`:        `"` + callbacks + `/7"`, // ours, at an older port
		`"http://127.0.0.1:18090/callbacks/6"`:    `"` + callbacks + `/7"`, // copied from another merchant
		`"https://shop.example/callbacks/7"`:      `"https://shop.example/callbacks/7"`,
		`"http://127.0.0.1:18090/callbacks/7?x"`:  `"http://127.0.0.1:18090/callbacks/7?x"`,
		`"http://127.0.0.1:18090/callbacks/mine"`: `"http://127.0.0.1:18090/callbacks/mine"`,
		`""`:   `""`,
		`null`: `null`,
	} {
		merchants, changed, err := withCallbacks([]byte(`[{"id":7,"callback_url":`+url+`}]`), callbacks)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(merchants[0]["callback_url"]); got != want || changed != (url != want) {
			t.Errorf("%s became %s (changed: %t), want %s", url, got, changed, want)
		}
	}
}

func TestEnsure_MerchantsThatCannotBeRead_AreLeftAsTheyAre(t *testing.T) {
	for _, text := range []string{"", "{}", `[{"id":1},]`, `[null]`, `[{"name":"a"}]`, `[{"id":0}]`, `[{"id":"1"}]`, `[{"id":1.5}]`} {
		dir := t.TempDir()
		path := MerchantsFile(dir)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Ensure(dir, callbacks); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%q: %v, want a fault that names the file", text, err)
		}
		if after, err := os.ReadFile(path); err != nil || string(after) != text {
			t.Errorf("%q became %q %v", text, after, err)
		}
	}
}

// FuzzWithCallbacks: whatever stands in the file, the keys in it are the same afterwards, every merchant has a URL, and a second
// look finds nothing to do.
func FuzzWithCallbacks(f *testing.F) {
	f.Add([]byte(before))
	f.Add([]byte(`[{"id":1,"api_key":"a","callback_url":"http://127.0.0.1:1/callbacks/1"}]`))
	f.Add([]byte(`[null]`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, text []byte) {
		merchants, changed, err := withCallbacks(text, callbacks)
		if err != nil {
			return
		}
		after, err := json.Marshal(merchants)
		if err != nil {
			t.Fatal(err)
		}
		var was, is []map[string]any
		if json.Unmarshal(text, &was) != nil || json.Unmarshal(after, &is) != nil || len(was) != len(is) {
			t.Fatalf("%d merchants became %d: %s", len(was), len(is), after)
		}
		for i := range is {
			if _, there := is[i]["callback_url"]; !there {
				t.Errorf("no callback_url: %s", after)
			}
			delete(was[i], "callback_url")
			delete(is[i], "callback_url")
			if !reflect.DeepEqual(was[i], is[i]) {
				t.Errorf("%v became %v", was[i], is[i])
			}
		}
		if _, again, err := withCallbacks(after, callbacks); err != nil || again {
			t.Errorf("not the end of it (changed %t, then %t, %v): %s", changed, again, err, after)
		}
	})
}
