package httpapi

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gazua.example/payment-api/payment"
)

const aDay = "from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z"

// at is the payment that was created so many milliseconds after the day began.
func at(ms int) payment.ID {
	return payment.FirstIDAt(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(ms)*time.Millisecond)) + 5
}

// shelf answers lists as the domain does.
func shelf(ids ...payment.ID) *fakeDomain {
	return &fakeDomain{list: func(from, to time.Time, after payment.ID, limit int) (page []*payment.Payment, _ error) {
		for _, id := range ids {
			if id >= payment.FirstIDAt(from) && id < payment.FirstIDAt(to) && id > after && len(page) < limit {
				page = append(page, paid(id))
			}
		}
		return page, nil
	}}
}

type listed struct {
	Data []struct {
		ID string `json:"id"`
	} `json:"data"`
	Next string `json:"next_cursor"`
}

func (d *door) list(query string) (page listed) {
	d.t.Helper()
	got := d.get("/v1/payments?"+query, "key-1")
	if err := json.Unmarshal([]byte(got.body), &page); err != nil || got.status != 200 {
		d.t.Fatalf("%s: status %d, %s", query, got.status, got.body)
	}
	return page
}

// Page by page everything is shown once, in order, whatever the size of the pages.
func TestList_PageByPage_IsEverythingOnce(t *testing.T) {
	var ids []payment.ID
	for i := range 7 {
		ids = append(ids, at(i*i))
	}
	d := open(t, shelf(append([]payment.ID{at(-1)}, append(ids, at(24*3600*1000))...)...))
	for limit := 1; limit <= 8; limit++ {
		var got []string
		for query, pages := fmt.Sprintf("%s&limit=%d", aDay, limit), 0; ; pages++ {
			page := d.list(query)
			for _, p := range page.Data {
				got = append(got, p.ID)
			}
			if len(page.Data) > limit || pages > len(ids) {
				t.Fatalf("limit %d: %d in one page, %d pages", limit, len(page.Data), pages)
			}
			if page.Next == "" {
				break
			}
			query = fmt.Sprintf("%s&limit=%d&cursor=%s", aDay, limit, page.Next)
		}
		var want []string
		for _, id := range ids {
			want = append(want, id.String())
		}
		if !slices.Equal(got, want) {
			t.Errorf("limit %d: got %v, want %v", limit, got, want)
		}
	}
}

func TestList_ALastPageThatIsFull_HasNoNext(t *testing.T) {
	d := open(t, shelf(at(1), at(2)))
	if page := d.list(aDay + "&limit=2"); len(page.Data) != 2 || page.Next != "" {
		t.Errorf("got %+v", page)
	}
	if page := open(t, shelf()).list(aDay); page.Data == nil || len(page.Data) != 0 {
		t.Errorf("an empty list: %+v", page)
	}
}

func TestList_AsksForFiftyUnlessToldOtherwise_AndForOneMoreToKnowWhetherThereIs(t *testing.T) {
	var asked []int
	var from, to time.Time
	d := open(t, &fakeDomain{list: func(f, u time.Time, _ payment.ID, limit int) ([]*payment.Payment, error) {
		from, to, asked = f, u, append(asked, limit)
		return nil, nil
	}})
	d.list(aDay)
	d.list(aDay + "&limit=100")
	d.list("from=2026-03-01T00:00:00%2B09:00&to=2026-03-01T00:00:00.5Z")
	if !slices.Equal(asked, []int{51, 101, 51}) {
		t.Errorf("asked for %v", asked)
	}
	if !from.Equal(time.Date(2026, 2, 28, 15, 0, 0, 0, time.UTC)) || !to.Equal(time.Date(2026, 3, 1, 0, 0, 0, 500_000_000, time.UTC)) {
		t.Errorf("from %s to %s", from, to)
	}
}

func TestList_ByOrder(t *testing.T) {
	d := open(t, &fakeDomain{byOrder: func(order string) ([]*payment.Payment, error) {
		if order == "o-1" {
			return []*payment.Payment{paid(7)}, nil
		}
		return nil, nil
	}})
	if page := d.list("order_id=o-1"); len(page.Data) != 1 || page.Data[0].ID != "7" || page.Next != "" {
		t.Errorf("got %+v", page)
	}
	if page := d.list("order_id=o-2"); page.Data == nil || len(page.Data) != 0 {
		t.Errorf("got %+v", page)
	}
}

func TestQuery_WhatIsNotKnownOrNotRight_IsRefusedByName(t *testing.T) {
	d := open(t, &fakeDomain{})
	encoded := func(raw ...byte) string { return base64.RawURLEncoding.EncodeToString(raw) }
	good := encodeCursor(at(5))
	for query, mention := range map[string]string{
		"":                                     "from and to, or by order_id",
		"limit=5":                              "from and to, or by order_id",
		"from=2026-03-01T00:00:00Z":            "from and to",
		"to=2026-03-01T00:00:00Z":              "from and to",
		aDay + "&status=PAID":                  `"status"`,
		aDay + "&Limit=5":                      `"Limit"`,
		aDay + "&limit=5&limit=6":              "limit stands twice",
		aDay + "&" + strings.Repeat("x", 2000): `"` + strings.Repeat("x", 40) + `"`,
		"order_id=o-1&limit=5":                 "stands alone",
		"order_id=o-1&" + aDay:                 "stands alone",
		aDay + "&limit=0":                      "1 to 100",
		aDay + "&limit=101":                    "1 to 100",
		aDay + "&limit=05":                     "1 to 100",
		aDay + "&limit=%2B5":                   "1 to 100",
		aDay + "&limit=":                       "1 to 100",
		aDay + "&limit=99999999999999999999":   "1 to 100",
		"from=yesterday&to=2026-03-01":         "from must be a time",
		"from=2026-03-01T00:00:00Z&to=":        "to must be a time",
		"from=2026-03-01T00:00:00+09:00&to=2026-03-01T00:00:00Z": "%2B",
		"from=1999-12-31T00:00:00Z&to=2000-01-02T00:00:00Z":      "2000 to 2090",
		"from=2165-05-16T00:00:00Z&to=2165-05-17T00:00:00Z":      "2000 to 2090",
		aDay + "&cursor=":                                                    "cursor is not one",
		aDay + "&cursor=7":                                                   "cursor is not one",
		aDay + "&cursor=" + good + "%3D":                                     "cursor is not one",
		aDay + "&cursor=" + good[:len(good)-1]:                               "cursor is not one",
		aDay + "&cursor=" + encoded(2, 0, 0, 0, 0, 0, 0, 0, 7):               "cursor is not one",
		aDay + "&cursor=" + encoded(1, 255, 0, 0, 0, 0, 0, 0, 7):             "cursor is not one",
		aDay + "&cursor=" + encoded(1, 0, 0, 0, 0, 0, 0, 7):                  "cursor is not one",
		aDay + "&cursor=" + encodeCursor(at(-1)):                             "not between from and to",
		aDay + "&cursor=" + encodeCursor(at(24*3600*1000)):                   "not between from and to",
		aDay + "&%zz=1":                                                      "percent-encoded",
		aDay + ";limit=5":                                                    "percent-encoded",
		"from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z&cursor=%00%0A%1B": "cursor is not one",
	} {
		got := d.get("/v1/payments?"+query, "key-1")
		got.isProblem(t, 400, "invalid-request")
		if !strings.Contains(strings.ReplaceAll(got.body, `\"`, `"`), mention) {
			t.Errorf("%s: the detail does not speak of %s: %s", query, mention, got.body)
		}
	}
	for _, path := range []string{"/v1/payments/7", "/v1/payments/7/events", cancelPath, cancelPath + "/1", "/openapi.yaml"} {
		got := d.get(path+"?verbose=1", "key-1")
		got.isProblem(t, 400, "invalid-request")
		if !strings.Contains(got.body, "verbose") {
			t.Errorf("%s: the detail does not name it: %s", path, got.body)
		}
	}
	d.postTo("/v1/payments?dry_run=true", `{}`).isProblem(t, 400, "invalid-request")
	if n := d.domain.count(); n != 0 {
		t.Errorf("the domain was asked %d times", n)
	}
}

func TestEvents_AreShown_OutsideStatesOnly(t *testing.T) {
	got := open(t, &fakeDomain{}).get("/v1/payments/7/events", "key-1")
	want := `{"version":4,"at":"2026-03-01T00:00:00Z","cancellation":1,"from":"PROCESSING","to":"PROCESSING","cause":"x"}`
	if got.status != 200 || !strings.Contains(got.body, want) {
		t.Errorf("got %+v", got)
	}
	open(t, &fakeDomain{}).get("/v1/payments/x/events", "key-1").isProblem(t, 404, "not-found")
}

func TestCursor_GoesThereAndBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := payment.ID(rapid.Uint64Range(0, 1<<63-1).Draw(t, "id"))
		text := encodeCursor(id)
		if back, err := decodeCursor(text); err != nil || back != id || url.QueryEscape(text) != text {
			t.Fatalf("%d became %q and %d, %v", id, text, back, err)
		}
	})
}

// A cursor is what encodeCursor writes, and nothing else.
func FuzzCursor(f *testing.F) {
	for _, text := range []string{encodeCursor(0), encodeCursor(7), encodeCursor(1<<63 - 1), "", "AQAAAAAAAAAI", "AQAAAAAAAAAH=", "AQ\nAAAAAAAAAH"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if id, err := decodeCursor(text); err == nil && encodeCursor(id) != text {
			t.Errorf("%q is taken for %d, which is written %q", text, id, encodeCursor(id))
		}
	})
}

// What is taken for a page is one that the domain can be asked for, and means the same when it is written again.
func FuzzQuery(f *testing.F) {
	for _, query := range []string{
		aDay, aDay + "&limit=7", aDay + "&cursor=" + encodeCursor(at(5)), "order_id=o", "limit=1", "from=2026-03-01T00:00:00%2B09:00&to=2026-03-02T00:00:00.123456789Z",
		"from=&to=", "%zz", "a;b", "from=2000-01-01T00:00:00Z&to=2090-12-31T23:59:59.999Z",
	} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, text string) {
		query, err := readQuery(text, "from", "to", "limit", "cursor")
		if err != nil {
			return
		}
		for name, values := range query {
			if len(values) != 1 {
				t.Errorf("%q: %s has %d values", text, name, len(values))
			}
		}
		p, err := readPage(query)
		if err != nil {
			return
		}
		if p.limit < 1 || p.limit > 100 || p.from.Year() < 2000 || p.to.Year() > 2090 || p.from.Location() == nil {
			t.Errorf("%q became %+v", text, p)
		}
		if query.Has("cursor") && (p.after < payment.FirstIDAt(p.from) || p.after >= payment.FirstIDAt(p.to)) {
			t.Errorf("%q goes on at %d, outside of its time", text, p.after)
		}
		if again, err := readPage(mustReadAgain(t, query)); err != nil || again != p && !(again.from.Equal(p.from) && again.to.Equal(p.to) && again.limit == p.limit && again.after == p.after) {
			t.Errorf("%q became %+v, and %+v when it was written again", text, p, again)
		}
	})
}

func mustReadAgain(t *testing.T, query url.Values) url.Values {
	t.Helper()
	again, err := readQuery(query.Encode(), "from", "to", "limit", "cursor")
	if err != nil {
		t.Errorf("%q: %v", query.Encode(), err)
	}
	return again
}
