package callback

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// Call is one callback as it came, and what it was answered.
type Call struct {
	At       time.Time
	Merchant uint32 // whose address was called
	Signed   bool   // by that merchant's secret, and fresh
	Answered int    // HTTP status
	Fault    string // why it was not taken: "" | merchant | timestamp | signature | body | id | Refused

	// Of the body, where it could be read.
	Type     string
	Payment  string
	Version  int    // of the payment
	Seq      int    // of the cancellation, 0 when it tells of the payment itself
	Status   string // of the cancellation or the payment
	Canceled int64  // of the payment's amount, so far
}

// Refused is the fault of a callback that was refused on purpose: nothing is wrong with it.
const Refused = "refused"

// id is what the callback's webhook-id must be.
func (c *Call) id() string { return "evt_" + c.Payment + "_" + strconv.Itoa(c.Version) }

// maxText bounds what is kept of one text of a body, so that a journal's line has an end.
const maxText = 64

// decode reads what the client looks at.
func (c *Call) decode(body []byte) error {
	var told struct {
		Type string `json:"type"`
		Data struct {
			Payment struct {
				ID       string `json:"id"`
				Status   string `json:"status"`
				Version  int    `json:"version"`
				Canceled int64  `json:"canceled_amount"`
			} `json:"payment"`
			Cancellation *struct {
				Seq    int    `json:"seq"`
				Status string `json:"status"`
			} `json:"cancellation"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &told); err != nil {
		return fmt.Errorf("decode a callback: %w", err)
	}
	payment, cancellation := told.Data.Payment, told.Data.Cancellation
	for _, text := range []string{told.Type, payment.ID, payment.Status} {
		if text == "" || len(text) > maxText {
			return fmt.Errorf("decode a callback: its type, the payment's id and the status must be texts of 1 to %d bytes", maxText)
		}
	}
	c.Type, c.Payment, c.Version, c.Status, c.Canceled = told.Type, payment.ID, payment.Version, payment.Status, payment.Canceled
	if cancellation == nil {
		return nil
	}
	if cancellation.Seq <= 0 || cancellation.Status == "" || len(cancellation.Status) > maxText {
		return fmt.Errorf("decode a callback: a cancellation needs a number and a status")
	}
	c.Seq, c.Status = cancellation.Seq, cancellation.Status
	return nil
}
