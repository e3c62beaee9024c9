package main

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"gazua.example/payment-api/mysql"
	"gazua.example/payment-api/payment"
)

func TestCredentials_WhatIsNotMeant_IsRefusedBeforeTheDatabase(t *testing.T) {
	for args, mention := range map[string]string{
		"":                                 "one of",
		"list":                             "one of",
		"rotate":                           "one of",
		"burn 1":                           "one of",
		"list 1 2":                         "one of",
		"list 1 --overlap 1h":              "overlap",
		"list x":                           "whole number",
		"list 0":                           "whole number",
		"list -1":                          "whole number",
		"list 4294967296":                  "whole number",
		"rotate 1 2":                       "one of",
		"rotate 1 --overlap":               "overlap",
		"rotate 1 --overlap 1":             "overlap",
		"rotate 1 --overlap -1h":           "0s to 2160h",
		"rotate 1 --overlap 2161h":         "0s to 2160h",
		"revoke 1":                         "one of",
		"revoke 1 0123456789ab x":          "one of",
		"revoke 1 0123456789AB":            "12 digits",
		"revoke 1 0123456789abc":           "12 digits",
		"revoke 1 gzk_hunter2":             "12 digits",
		"revoke 1 --overlap 1h 0123456789": "overlap",
	} {
		for _, kind := range []string{"keys", "secrets"} {
			_, err := readCredentialCommand(kind, strings.Fields(args))
			if err == nil || !strings.Contains(err.Error(), mention) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s %s: %v, want %q", kind, args, err, mention)
			}
		}
	}
}

// fakeCredentials keeps what was asked for.
func fakeCredentials(asked *[]any, err error) credentialVerbs {
	return credentialVerbs{
		name: "API key",
		list: func(context.Context, *sql.DB, payment.MerchantID) ([]mysql.Credential, error) {
			at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
			return []mysql.Credential{
				{Prefix: "0123456789ab", Created: at, Expires: at.Add(time.Hour)},
				{Prefix: "1123456789ab", Created: at, Expires: at.Add(time.Hour), Valid: true},
				{Prefix: "2123456789ab", Created: at, Valid: true},
			}, err
		},
		rotate: func(_ context.Context, _ *sql.DB, m payment.MerchantID, overlap time.Duration) (string, error) {
			*asked = append(*asked, m, overlap)
			return "gzk_fresh", err
		},
		revoke: func(_ context.Context, _ *sql.DB, m payment.MerchantID, prefix string) (bool, error) {
			*asked = append(*asked, m, prefix)
			return prefix == "0123456789ab", err
		},
	}
}

func command(t *testing.T, of credentialVerbs, args string) (printed string, err error) {
	t.Helper()
	c, err := readCredentialCommand("keys", strings.Fields(args))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	c.of, c.to = of, &out
	err = c.run(t.Context(), nil)
	return out.String(), err
}

func TestCredentials_Rotate_PrintsTheNewOneOnce_AndNothingElse(t *testing.T) {
	for args, overlap := range map[string]time.Duration{"rotate 7": 24 * time.Hour, "rotate 7 --overlap 1h": time.Hour, "rotate 7 --overlap=0s": 0} {
		var asked []any
		printed, err := command(t, fakeCredentials(&asked, nil), args)
		if err != nil || printed != "gzk_fresh\n" || len(asked) != 2 || asked[0] != payment.MerchantID(7) || asked[1] != overlap {
			t.Errorf("%s: printed %q, %v, asked %v", args, printed, err, asked)
		}
	}
	if printed, err := command(t, fakeCredentials(new([]any), errors.New("there is no such merchant")), "rotate 7"); err == nil || printed != "" {
		t.Errorf("a rotation that failed printed %q", printed)
	}
}

func TestCredentials_List_ShowsUntilWhenEachIsValid(t *testing.T) {
	printed, err := command(t, fakeCredentials(new([]any), nil), "list 7")
	want := `PREFIX        CREATED               VALID
0123456789ab  2026-03-01T00:00:00Z  ended 2026-03-01T01:00:00Z
1123456789ab  2026-03-01T00:00:00Z  until 2026-03-01T01:00:00Z
2123456789ab  2026-03-01T00:00:00Z  without end
`
	if err != nil || printed != want {
		t.Errorf("printed\n%s%v", printed, err)
	}
}

func TestCredentials_Revoke_SaysWhenThereIsNone(t *testing.T) {
	var asked []any
	if printed, err := command(t, fakeCredentials(&asked, nil), "revoke 7 0123456789ab"); err != nil || printed != "" || asked[1] != "0123456789ab" {
		t.Errorf("printed %q, %v, asked %v", printed, err, asked)
	}
	if _, err := command(t, fakeCredentials(&asked, nil), "revoke 7 ffffffffffff"); err == nil || !strings.Contains(err.Error(), "no valid API key") {
		t.Errorf("err = %v", err)
	}
}

// Which table is whose is the only thing that the two differ in.
func TestCredentials_KeysAndSecrets_AreNotMixedUp(t *testing.T) {
	for kind, name := range map[string]string{"keys": "API key", "secrets": "webhook secret"} {
		if c, err := readCredentialCommand(kind, []string{"list", "1"}); err != nil || c.of.name != name {
			t.Errorf("%s lists each %s, %v", kind, c.of.name, err)
		}
	}
}
