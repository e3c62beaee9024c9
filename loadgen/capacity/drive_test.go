package capacity

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"gazua.example/loadgen/trend"
)

type point = trend.Point

// bears is a system that holds up to 300/s.
func bears(_ context.Context, rate float64) (Step, error) {
	s := Step{Asked: rate, Rate: rate, Verdict: "PASS", Outcome: Held, P99: 100, CPU: 900, Folder: "x"}
	if rate > 300 {
		s.Outcome, s.P99, s.Why = Broke, 900, []string{"p99 900 ms"}
	}
	return s, nil
}

func newReport() *Report {
	return &Report{Schema: Schema, Tag: "t", Scenario: "x", Objective: objective, Limits: Usual}
}

func TestDrive_WritesWhatItFound(t *testing.T) {
	folder, out, r := t.TempDir(), bytes.Buffer{}, newReport()
	if err := Drive(t.Context(), r, folder, &out, bears); err != nil {
		t.Fatal(err)
	}
	r.Text(&out)
	var written Report
	text, err := os.ReadFile(Path(folder))
	if err == nil {
		err = json.Unmarshal(text, &written)
	}
	if err != nil || written.Capacity != r.Capacity || len(written.Steps) != len(r.Steps) || written.Verdict != Pass || written.Schema != Schema {
		t.Errorf("%v: %s", err, text)
	}
	if line := r.Line(folder); r.Capacity < 270 || !strings.HasPrefix(line, "capacity=2") || !strings.Contains(line, "confirmed=3/3 verdict=PASS") {
		t.Error(line)
	}
	for _, want := range []string{"step  1  climb", "bisect", "confirm", "p99 900 ms", "saturation curve", "900"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in %s", want, &out)
		}
	}
}

// A lower bound must not be read as a capacity.
func TestReport_LowerBound_HasANameOfItsOwn(t *testing.T) {
	r := newReport()
	err := Drive(t.Context(), r, t.TempDir(), &bytes.Buffer{}, func(ctx context.Context, rate float64) (Step, error) {
		s, err := bears(ctx, rate)
		if s.Outcome == Broke {
			s.Outcome = Bed
		}
		return s, err
	})
	if line := r.Line("x"); err != nil || !strings.HasPrefix(line, "capacity_at_least=2") || r.Verdict != Invalid || ExitCode(r.Verdict) != 3 || !strings.Contains(r.Because, "at least") {
		t.Error(line, r.Because, err)
	}
}

func TestDrive_StoppedByHand_HasNoFurtherStep(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r := newReport()
	err := Drive(ctx, r, t.TempDir(), &bytes.Buffer{}, func(ctx context.Context, rate float64) (Step, error) {
		if rate > 100 {
			cancel()
		}
		return bears(ctx, rate)
	})
	if err != nil || r.End != Stopped || r.Verdict != Invalid || len(r.Steps) != 3 || r.Capacity != 113 {
		t.Error(r.End, r.Steps, err)
	}
}

func TestDrive_NothingCouldBeSent_KeepsWhatItKnows(t *testing.T) {
	folder, r := t.TempDir(), newReport()
	err := Drive(t.Context(), r, folder, &bytes.Buffer{}, func(ctx context.Context, rate float64) (Step, error) {
		if rate > 100 {
			return Step{}, errors.New("the target does not answer")
		}
		return bears(ctx, rate)
	})
	if err == nil || !strings.Contains(err.Error(), "step 3, 113 payments/s: the target does not answer") {
		t.Error(err)
	}
	if text, _ := os.ReadFile(Path(folder)); !strings.Contains(string(text), `"capacity_per_s": 75`) {
		t.Errorf("%s", text)
	}
}
