package run

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"gazua.example/loadgen/record"
	"gazua.example/loadgen/scenario"
)

// The scenario's timed faults: every instance of the mock PG is told of them just before the first arrival and told to
// forget them when the run has settled. They stand on the time axis as markers.

// timedFault is an entry of the mock's document; its times count from when the mock takes it.
type timedFault struct {
	After    string         `json:"after"`
	For      string         `json:"for"`
	Script   string         `json:"script"`
	Override bool           `json:"override,omitempty"`
	Means    scenario.Means `json:"means,omitempty"`
	Share    float64        `json:"share"`
}

// scheduleBound is how long an instance may take to answer.
const scheduleBound = 5 * time.Second

func planFaults(admins []string, faults []scenario.TimedFault, start time.Time) error {
	if len(faults) == 0 {
		return nil
	}
	for _, admin := range admins {
		entries := make([]timedFault, len(faults))
		for i, f := range faults {
			entries[i] = timedFault{max(time.Until(start)+f.After, 0).String(), f.For.String(), f.Script, f.Override, f.Means, f.Share}
		}
		document, err := json.Marshal(map[string]any{"entries": entries})
		if err != nil {
			return fmt.Errorf("encode the timed faults: %w", err)
		}
		if err := askMock(http.MethodPut, admin, document); err != nil {
			return fmt.Errorf("the mock PG at %s does not take the scenario's timed faults; nothing was sent: %w", admin, err)
		}
	}
	return nil
}

// endFaults leaves the mock as the next run expects it.
func endFaults(admins []string, faults []scenario.TimedFault) (err error) {
	if len(faults) == 0 {
		return nil
	}
	for _, admin := range admins {
		if fault := askMock(http.MethodDelete, admin, nil); fault != nil {
			err = errors.Join(err, fmt.Errorf("the mock PG at %s keeps the timed faults of this run: %w", admin, fault))
		}
	}
	return err
}

func askMock(method, admin string, document []byte) error {
	ctx, cancel := context.WithTimeout(context.Background(), scheduleBound)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, admin+"/faults", bytes.NewReader(document))
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 {
		why, _ := io.ReadAll(io.LimitReader(response.Body, 500)) // one sentence, when there is one
		return fmt.Errorf("it answers %s: %s", response.Status, bytes.TrimSpace(why))
	}
	return nil
}

// markFaults marks them on the time axis.
func markFaults(folder string, faults []scenario.TimedFault) error {
	for _, f := range faults {
		m := record.Marker{T: f.After.Seconds(), Until: (f.After + f.For).Seconds(), Kind: record.FaultMarker, Text: f.Script}
		if err := record.AppendMarker(folder, m); err != nil {
			return err
		}
	}
	return nil
}
