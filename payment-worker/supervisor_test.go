package main

import (
	"os"
	"regexp"
	"strconv"
	"testing"
	"time"

	"gazua.example/infra/config"
	"gazua.example/infra/telemetry"
)

// leftBehind is what a phase may take beyond its bound before the next one begins (infra/lifecycle).
const leftBehind = 200 * time.Millisecond

// Whoever supervises the program gives it the time that its phases may take, or it is killed in the middle of one.
func TestSupervisor_GivesAllPhasesTheirTime(t *testing.T) {
	for file, patience := range map[string]string{
		"../infra/k8s/payment-worker.yaml":        `(?m)^ *terminationGracePeriodSeconds: (\d+)$`,
		"../infra/systemd/payment-worker.service": `(?m)^TimeoutStopSec=(\d+)$`,
	} {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text := string(source)
		given := time.Duration(number(t, file, text, patience)) * time.Second
		var sum time.Duration
		p := &program{settings: readSettings(config.New("payment-worker", "", told(text))), tel: &telemetry.Telemetry{}}
		for _, phase := range p.phases() {
			sum += phase.Bound + leftBehind
		}
		if sum > given {
			t.Errorf("%s gives %s, and the phases may take %s", file, given, sum)
		}
		t.Logf("%s: the phases may take %s of %s", file, sum, given)
	}
}

var variable = regexp.MustCompile(`\{name: ([A-Z_]+), value: "?([^"}]+)"?\}|\b([A-Z_]+)=([0-9a-z]+)\b`)

// told are the variables that a manifest or unit sets.
func told(text string) func(string) (string, bool) {
	set := map[string]string{}
	for _, found := range variable.FindAllStringSubmatch(text, -1) {
		set[found[1]+found[3]] = found[2] + found[4]
	}
	return func(name string) (string, bool) { value, ok := set[name]; return value, ok }
}

func number(t *testing.T, file, text, pattern string) int {
	t.Helper()
	found := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("%s has no %s", file, pattern)
	}
	n, err := strconv.Atoi(found[1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}
