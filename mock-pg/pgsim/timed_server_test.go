package pgsim_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"gazua.example/mock-pg/pgsim"
)

type faultsPage struct {
	Instance string
	Entries  []struct {
		State    string
		StartsAt time.Time `json:"starts_at"`
		EndsAt   time.Time `json:"ends_at"`
		Struck   int
	}
}

func (m *mock) faults(method, document string) (int, faultsPage, string) {
	m.t.Helper()
	req, err := http.NewRequestWithContext(m.t.Context(), method, m.server.AdminURL()+"/faults", strings.NewReader(document))
	if err != nil {
		m.t.Fatal(err)
	}
	res, err := m.client.Do(req)
	if err != nil {
		m.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		m.t.Fatal(err)
	}
	var page faultsPage
	if res.StatusCode == http.StatusOK {
		if err := json.Unmarshal(text, &page); err != nil {
			m.t.Fatal(err)
		}
	}
	return res.StatusCode, page, string(text)
}

func TestFaultsOnTheAdminPort_StrikeRequests_UntilTheyAreEnded(t *testing.T) {
	m := start(t, pgsim.Options{Instance: "mock-pg-7"})
	before := time.Now()
	status, page, _ := m.faults(http.MethodPut, `{"entries":[
		{"after":"0s","for":"1h","script":"gz1;charge=5xx/503;reserve=5xx/502"},
		{"after":"0s","for":"1h","script":"gz1;void=5xx/504","override":true,"means":"PG"},
		{"after":"1h","for":"1h","script":"gz1;charge=reset"}]}`)
	if status != 200 || len(page.Entries) != 3 || page.Instance != "mock-pg-7" || page.Entries[2].State != "planned" {
		t.Fatalf("PUT: %d %+v", status, page)
	}
	if starts := page.Entries[2].StartsAt; starts.Before(before.Add(time.Hour)) || starts.After(time.Now().Add(time.Hour)) {
		t.Errorf("the third starts at %s", starts)
	}
	for _, c := range []struct {
		path, token string
		status      int
	}{
		{"/pg/v1/charge", "tok", 503},
		{"/point/v1/reserve", "tok", 502},
		{"/pg/v1/charge", "gz1;charge=ok;void=ok", 200},
		{"/pg/v1/void", "", 504},
		{"/pg/v1/inquiry", "", 200},
	} {
		if got, fields := m.must(c.path, body("1.1", c.token)); got != c.status {
			t.Errorf("%s with %q: %d %v, want %d", c.path, c.token, got, fields, c.status)
		}
	}
	if _, page, _ := m.faults(http.MethodGet, ""); page.Entries[0].State != "active" || page.Entries[0].Struck != 2 || page.Entries[1].Struck != 1 {
		t.Errorf("GET: %+v", page)
	}
	if status, _, _ := m.faults(http.MethodDelete, ""); status != 204 {
		t.Errorf("DELETE: %d", status)
	}
	if status, got := m.must("/pg/v1/charge", body("2.1", "tok")); status != 200 {
		t.Errorf("after the end: %d %v", status, got)
	}
	if _, page, _ := m.faults(http.MethodGet, ""); page.Entries[0].State != "done" || page.Entries[2].State != "dropped" || page.Entries[0].EndsAt.After(time.Now()) {
		t.Errorf("GET after the end: %+v", page)
	}
}

func TestFaultsOnTheAdminPort_WhatIsWrongIsRefused_AndWhatRunsGoesOn(t *testing.T) {
	m := start(t, pgsim.Options{})
	if status, page, _ := m.faults(http.MethodGet, ""); status != 200 || page.Entries == nil || len(page.Entries) != 0 {
		t.Errorf("with nothing planned: %d %+v", status, page)
	}
	m.faults(http.MethodPut, `{"entries":[{"after":"0s","for":"1h","script":"gz1;charge=5xx"}]}`)
	status, _, text := m.faults(http.MethodPut, `{"entries":[{"after":"0s","for":"soon","script":"gz1;charge=hang"}]}`)
	if status != 400 || !strings.Contains(text, "entries[0].for") || !strings.Contains(text, "entries[0].script") {
		t.Errorf("a faulty document: %d %s", status, text)
	}
	if status, _, text := m.faults(http.MethodPut, strings.Repeat(" ", 64<<10)+"{}"); status != 400 || !strings.Contains(text, "65536") {
		t.Errorf("a document that is too long: %d %s", status, text)
	}
	if status, _ := m.must("/pg/v1/charge", body("1.1", "tok")); status != 500 {
		t.Errorf("a refused document ended what runs: %d", status)
	}
}
