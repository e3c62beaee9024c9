package run

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gazua.example/infra/stack/proc"
)

// What a process of the stack was set to is told. What it was told in confidence is not.
func TestProcesses_SettingsAndProgramOfTheLiving_AndNoSecrets(t *testing.T) {
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err)
	}
	records := t.TempDir()
	start := func(name string) (proc.Record, <-chan struct{}) {
		r, gone, err := proc.Start(proc.Spec{
			Name: name, Path: sleep, Args: []string{"60"}, Env: []string{"GROUP_MAX=64", "MYSQL_DSN=v:hunter2@tcp(db)/payment", "GOGC=200"},
			Log: filepath.Join(t.TempDir(), "log"),
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = r.Kill(t.Context())
			<-gone
		})
		if err := r.Save(records); err != nil {
			t.Fatal(err)
		}
		return r, gone
	}
	r, _ := start("payment-api-1")
	dead, gone := start("payment-api-2")
	if err := dead.Kill(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-gone
	// Between fork and exec it still has our environment.
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if found := processes(records); len(found) == 1 && len(found[0].Settings) == 2 || time.Now().After(deadline) {
			break
		}
	}
	found := processes(records)
	program, err := os.ReadFile(sleep)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(program)
	if len(found) != 1 || found[0].Name != "payment-api-1" || found[0].PID != r.PID || found[0].SHA256 != hex.EncodeToString(sum[:]) ||
		found[0].Settings["GROUP_MAX"] != "64" || found[0].Settings["GOGC"] != "200" || found[0].CPUs == "" {
		t.Errorf("%+v", found)
	}
	if text, _ := json.Marshal(found); strings.Contains(string(text), "hunter2") {
		t.Errorf("a password is told: %s", text)
	}
	if none := processes(filepath.Join(records, "nowhere")); none != nil {
		t.Errorf("no records: %+v", none)
	}
}

func TestHost_TellsWhereItRan(t *testing.T) {
	h := host("0-1", "nobody:x@tcp(127.0.0.1:1)/none")
	if h.Cores < 1 || h.Memory < 1<<20 || h.Kernel == "" || h.BedCPUs != "0-1" || len(h.Versions["loadgen"]) != len("sha256:")+64 {
		t.Errorf("%+v", h)
	}
}

func TestDecodeStall_TheTotalOfSome(t *testing.T) {
	total, err := decodeStall("some avg10=1.25 avg60=1.37 avg300=3.44 total=7854803727\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=5\n")
	if err != nil || total != 7854803727*time.Microsecond {
		t.Errorf("%v, %v", total, err)
	}
	for _, text := range []string{"", "some avg10=1\n", "some total=x\n", "some total=-1\n", "full total=5\n"} {
		if total, err := decodeStall(text); err == nil {
			t.Errorf("%q is %v", text, total)
		}
	}
}

func FuzzDecodeStall(f *testing.F) {
	f.Add("some avg10=1.25 avg60=1.37 avg300=3.44 total=7854803727\n")
	f.Fuzz(func(t *testing.T, text string) {
		if total, err := decodeStall(text); err == nil && (total < 0 || !strings.Contains(text, "total=")) {
			t.Errorf("%q is %v", text, total)
		}
	})
}

func TestStalls_Since_IsTheShareOfTheTimeBetween(t *testing.T) {
	at := time.Unix(100, 0)
	reading := func(after time.Duration, cpu, io time.Duration) stalls {
		return stalls{at: at.Add(after), known: true, some: map[string]time.Duration{"cpu": time.Hour + cpu, "io": io, "memory": 0}}
	}
	p := reading(20*time.Second, 15*time.Second, 2*time.Second).since(reading(0, 0, 0))
	if p == nil || p.CPU != 0.75 || p.IO != 0.1 || p.Memory != 0 {
		t.Errorf("%+v", p)
	}
	for name, p := range map[string]any{
		"no time": reading(0, 1, 1).since(reading(0, 0, 0)), "not known before": reading(1, 1, 1).since(stalls{}), "nor after": stalls{}.since(reading(0, 0, 0)),
	} {
		if text, _ := json.Marshal(p); string(text) != "null" {
			t.Errorf("%s: %s", name, text)
		}
	}
}
