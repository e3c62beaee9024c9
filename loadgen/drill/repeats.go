package drill

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"gazua.example/loadgen/record"
	"gazua.example/loadgen/verify"
)

// Repeats is what was done twice and may be: whoever dies between doing and noting leaves it to others, who do it again. Who
// is told to end has the time to note.
type Repeats struct {
	Messages  int64 `json:"messages_sent_twice"`
	Callbacks int64 `json:"callbacks_heard_twice"` // the same event of the same payment
}

const checkRepeated = "repeated" // of a drill that does everything once

// repeats reads them from a run's folder: the verifier has counted the messages, the journal has the callbacks.
func repeats(folder string) (r Repeats, err error) {
	text, err := os.ReadFile(filepath.Join(folder, "verify.json"))
	if err != nil {
		return r, fmt.Errorf("what was sent twice: %w", err)
	}
	var verdict verify.Verdict
	if err := json.Unmarshal(text, &verdict); err != nil {
		return r, fmt.Errorf("read %s/verify.json: %w", folder, err)
	}
	if verdict.Messages != nil {
		r.Messages = verdict.Messages.Repeated
	}
	type event struct {
		payment, what string
		seq, revision int
	}
	heard := map[event]bool{}
	err = record.Read(filepath.Join(folder, "journal.jsonl"), func(e record.Entry) error {
		if e.Kind != "w" || e.Class != "" {
			return nil
		}
		this := event{e.ID, e.What, e.Seq, e.Revision}
		if heard[this] {
			r.Callbacks++
		}
		heard[this] = true
		return nil
	})
	return r, err
}
