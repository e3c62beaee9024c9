package main

import (
	"os"
	"regexp"
	"strconv"
	"strings"
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
		"../infra/k8s/payment-api.yaml":        `(?m)^ *terminationGracePeriodSeconds: (\d+)$`,
		"../infra/systemd/payment-api.service": `(?m)^TimeoutStopSec=(\d+)$`,
	} {
		text := read(t, file)
		given := time.Duration(number(t, file, text, patience)) * time.Second
		var sum time.Duration
		p := &program{settings: readSettings(config.New("payment-api", "", told(text))), tel: &telemetry.Telemetry{}}
		for _, phase := range p.phases() {
			sum += phase.Bound + leftBehind
		}
		if sum > given {
			t.Errorf("%s gives %s, and the phases may take %s", file, given, sum)
		}
		t.Logf("%s: the phases may take %s of %s", file, sum, given)
	}
}

// The wait is longer than the readiness probe needs, and the endpoints need some seconds beside it.
func TestSupervisor_WaitsForKubernetesToNotice(t *testing.T) {
	const file, endpoints = "../infra/k8s/payment-api.yaml", 5 * time.Second
	text := read(t, file)
	probe := text[strings.Index(text, "readinessProbe:"):strings.Index(text, "livenessProbe:")]
	notices := time.Duration(number(t, file, probe, `periodSeconds: (\d+)`)*number(t, file, probe, `failureThreshold: (\d+)`)) * time.Second
	s := readSettings(config.New("payment-api", "", told(text)))
	if s.balancerWait < notices+endpoints {
		t.Errorf("BALANCER_WAIT is %s; the probe takes %s to fail, and the endpoints some %s", s.balancerWait, notices, endpoints)
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

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
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
