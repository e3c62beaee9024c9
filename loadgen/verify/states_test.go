package verify

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"testing"
)

// The verifier's tables are written by hand and share no code with the system's; here the two are compared as data, so that
// neither changes alone.
func TestLegal_IsWhatThePaymentAPISays(t *testing.T) {
	const folder = "../../payment-api"
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		t.Skip("the payment API's source is not beside this module, so there is nothing to compare the verifier's tables with")
	}
	program := exec.CommandContext(t.Context(), "go", "run", ".", "states", "--json")
	program.Dir = folder
	var problems bytes.Buffer
	program.Stderr = &problems
	printed, err := program.Output()
	if err != nil {
		t.Fatalf("go run . states --json in %s: %v\n%s", folder, err, problems.String())
	}
	var theirs Transitions
	decoder := json.NewDecoder(bytes.NewReader(printed))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&theirs); err != nil {
		t.Fatalf("states --json prints %q: %v", printed, err)
	}
	for name, tables := range map[string][2]Moves{
		"payment":      {Legal.Payment, theirs.Payment},
		"leg":          {Legal.Leg, theirs.Leg},
		"cancellation": {Legal.Cancellation, theirs.Cancellation},
		"refund":       {Legal.Refund, theirs.Refund},
	} {
		for _, move := range tables[0] {
			if !tables[1].has(move[0], move[1]) {
				t.Errorf("%s: the verifier allows %q to %q, and the system has no such move", name, move[0], move[1])
			}
		}
		for _, move := range tables[1] {
			if !tables[0].has(move[0], move[1]) {
				t.Errorf("%s: the system moves from %q to %q, and the verifier's table does not have that", name, move[0], move[1])
			}
		}
	}
}

func TestReach_SeveralMovesInOneStep_AreFollowed(t *testing.T) {
	for _, c := range []struct {
		from, to string
		reached  bool
	}{
		{"PENDING", "RELEASED", true}, // held, and its confirm was refused
		{"UNKNOWN", "VOIDED", true},
		{"HELD", "VOIDED", true}, // a confirm without an answer had come through
		{"DECLINED", "CAPTURED", false},
		{"ABSENT", "PENDING", false}, // only alone, with a deferral
		{"ABSENT", "CAPTURED", false},
		{"VOIDED", "CAPTURED", false},
		{"RELEASED", "HELD", false},
	} {
		if legReach[[2]string{c.from, c.to}] != c.reached {
			t.Errorf("from %s to %s: %v", c.from, c.to, !c.reached)
		}
	}
	if !slices.Equal(Legal.Refund, Moves{{"PENDING", "REFUNDED"}, {"PENDING", "REFUSED"}, {"PENDING", "ABSENT"}}) || len(refundReach) != 3 {
		t.Errorf("refunds reach %v", refundReach)
	}
}
