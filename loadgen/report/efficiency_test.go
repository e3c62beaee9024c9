package report

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const monitorHead = `{"schema":"gazua.monitor/1","start":"2026-11-23T02:00:00Z","units":{"cpu_cores":"cores"}}` + "\n"

func monitored(t testing.TB, lines string) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "monitor.jsonl"), []byte(monitorHead+lines), 0o644); err != nil {
		t.Fatal(err)
	}
	return folder
}

func second(t, api, mock, generator float64) string {
	return fmt.Sprintf(`{"t":%g,"v":{"payment-api-1/cpu_cores":%g,"mock-pg-1/cpu_cores":%g,"loadgen/cpu_cores":%g,"mysql/disk_write_bytes_per_s":1000,`+
		`"payment-api-1/rss_bytes":%g,"host/cpu_user_cores":1,"host/cpu_system_cores":0.5,"kafka/lag_messages":3,"work/open":7}}`+"\n", t, api, mock, generator, 1e6*t)
}

func TestMeasureEfficiency_SumsTheLoadOnly_BedApartFromSystem(t *testing.T) {
	folder := monitored(t, second(1, 0.6, 0.2, 0.1)+second(2, 1.0, 0.2, 0.1)+`{"t":2.5,"event":"payment-api-1 restarted"}`+"\n"+second(9, 2, 2, 2)+`{"t":10,"v":{"torn`)
	e, err := MeasureEfficiency(folder, 2.1, 100)
	if err != nil {
		t.Fatal(err)
	}
	near := func(what string, got, want float64) {
		if math.Abs(got-want) > 1e-9*math.Abs(want) {
			t.Errorf("%s is %g, want %g", what, got, want)
		}
	}
	near("seconds", e.Seconds, 2)
	near("bed", e.BedCores, 0.3)
	near("system", e.SystemCores, 0.8)
	near("bed's share", e.BedShare, 0.3/1.1)
	near("system a payment", e.PerPayment, 1.6e6/100)
	near("host", e.HostCores, 1.5)
	if len(e.Processes) != 4 || e.Processes[0].Process != "payment-api-1" || e.Processes[0].RSSMax != 2e6 || e.Processes[1].Part != "bed" {
		t.Errorf("%+v", e.Processes)
	}
	for _, p := range e.Processes {
		if p.Process == "mysql" {
			near("MySQL writes", p.WrotePerPayment, 20)
		}
	}
}

func TestMeasureEfficiency_NothingMeasured_IsNothing(t *testing.T) {
	for name, folder := range map[string]string{"no monitor": t.TempDir(), "no second": monitored(t, "")} {
		if e, err := MeasureEfficiency(folder, 10, 5); e != nil || err != nil {
			t.Errorf("%s: %+v, %v", name, e, err)
		}
	}
	if e, err := MeasureEfficiency(monitored(t, second(1, 1, 1, 1)), 10, 0); e != nil || err != nil {
		t.Errorf("no payments: %+v, %v", e, err)
	}
	if _, err := MeasureEfficiency(monitored(t, "nonsense\n"), 10, 5); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("nonsense: %v", err)
	}
}

// FuzzMeasureEfficiency: whatever the file holds, it is an error or a figure, of no more processes than it can name.
func FuzzMeasureEfficiency(f *testing.F) {
	f.Add(second(1, 1, 1, 1))
	f.Add(`{"t":1,"v":{"x/a":2,"a/cpu_cores":1e300}}` + "\n")
	f.Fuzz(func(t *testing.T, text string) {
		e, err := MeasureEfficiency(monitored(t, text), 10, 10)
		if err != nil {
			return
		}
		if e != nil && (e.Seconds < 1 || len(e.Processes) > len(text)) {
			t.Errorf("%+v", e)
		}
	})
}
