package settings_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"gazua.example/infra/config"
	"gazua.example/payment-api/gateway"
	"gazua.example/payment-api/payment"
	"gazua.example/payment-api/settings"
)

func read(env map[string]string) (payment.Limits, gateway.Options, error) {
	set := config.New("test", "", func(name string) (string, bool) { value, ok := env[name]; return value, ok })
	limits := settings.Limits(set)
	means := settings.Means(set, limits)
	return limits, means, set.Err()
}

func TestSettings_Defaults_AreValidAndTheDomains(t *testing.T) {
	limits, means, err := read(nil)
	if err != nil {
		t.Fatal(err)
	}
	if limits != payment.DefaultLimits() {
		t.Errorf("limits %+v", limits)
	}
	if means.Timeout != limits.MeansTimeout || means.ReservationTTL != limits.ReservationTTL || len(means.URLs) != 3 {
		t.Errorf("means %+v", means)
	}
}

func TestSettings_TheEnvironmentChangesThem(t *testing.T) {
	limits, means, err := read(map[string]string{"LEASE": "20s", "PG_URL": "http://127.0.0.1:1, http://127.0.0.1:2", "MEANS_TIMEOUT": "1s", "BREAKER_PERCENT": "25", "CANCEL_WINDOW": "48h", "RESCUE_AFTER": "5s"})
	if err != nil {
		t.Fatal(err)
	}
	if limits.Lease != 20*time.Second || !slices.Equal(means.URLs[payment.PG], []string{"http://127.0.0.1:1", "http://127.0.0.1:2"}) || means.Timeout != time.Second || means.Breaker.Failures != 0.25 ||
		limits.CancelWindow != 48*time.Hour || limits.RescueAfter != 5*time.Second {
		t.Errorf("%+v %+v", limits, means)
	}
}

// Deadlines that do not hang together let two processes work on one payment, or a reservation end before its undo.
func TestSettings_WhatDoesNotHangTogether_IsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		env     map[string]string
		mention string
	}{
		"margin below the time-out":          {map[string]string{"LEASE_MARGIN": "1s"}, "margin"},
		"lease below its margin":             {map[string]string{"LEASE": "2s"}, "lease"},
		"sync deadline beyond the lease":     {map[string]string{"SYNC_DEADLINE": "14s"}, "sync deadline"},
		"resolve deadline below the lease":   {map[string]string{"RESOLVE_DEADLINE": "10s"}, "resolve deadline"},
		"reservations that end too early":    {map[string]string{"RESERVATION_TTL": "1m"}, "reservations"},
		"a PG window that is over too early": {map[string]string{"PG_WINDOW": "1m"}, "window"},
		"a breaker that forgets time-outs":   {map[string]string{"BREAKER_WINDOW": "2s"}, "BREAKER_WINDOW"},
		"a wait as long as the whole call":   {map[string]string{"MEANS_WAIT": "1s", "MEANS_TIMEOUT": "1s"}, "MEANS_WAIT"},
		"a rescue after the end":             {map[string]string{"RESCUE_AFTER": "10m"}, "must be looked for"},
		"a rescue after never":               {map[string]string{"RESCUE_AFTER": "0s"}, "RESCUE_AFTER"},
		"no time to cancel":                  {map[string]string{"CANCEL_WINDOW": "0s"}, "CANCEL_WINDOW"},
		"more time than years are kept":      {map[string]string{"CANCEL_WINDOW": "9000h"}, "CANCEL_WINDOW"},
		"no instance":                        {map[string]string{"PG_URL": ","}, "PG_URL names 0 instances"},
		"an instance twice":                  {map[string]string{"POINT_URL": "http://a:1,http://a:1"}, "POINT_URL names http://a:1 twice"},
		"an instance that is no URL":         {map[string]string{"COUPON_URL": "a:1"}, "no URL"},
		"no duration":                        {map[string]string{"LEASE": "15"}, "LEASE"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, _, err := read(c.env); err == nil || !strings.Contains(err.Error(), c.mention) {
				t.Errorf("err = %v, want one that names %s", err, c.mention)
			}
		})
	}
}
