package verify

// Transitions is every legal move of what has states. It is written by hand, from the project's rules and not from the
// system's code; a test compares it with what `payment-api states --json` prints, as data. The empty state is the one before
// something is there.
type Transitions struct {
	Payment      Moves `json:"payment"`
	Leg          Moves `json:"leg"`
	Cancellation Moves `json:"cancellation"`
	Refund       Moves `json:"refund"`
}

// Moves are pairs: from, to.
type Moves [][2]string

// Legal is the verifier's own table.
var Legal = Transitions{
	Payment: Moves{
		{"", "ACCEPTED"}, // asynchronous
		{"", "PROCESSING"},
		{"ACCEPTED", "PROCESSING"},
		{"ACCEPTED", "FAILED"},       // expired
		{"PROCESSING", "PROCESSING"}, // something became known
		{"PROCESSING", "PAID"},
		{"PROCESSING", "UNDOING"},
		{"PROCESSING", "REVIEW"},
		{"PROCESSING", "FAILED"},   // nothing was ever taken
		{"PROCESSING", "ACCEPTED"}, // nothing was ever taken, asynchronous: deferred
		{"UNDOING", "UNDOING"},     // something was given back
		{"UNDOING", "FAILED"},
		{"UNDOING", "REVIEW"},
		{"REVIEW", "PAID"}, // by a person, as the next
		{"REVIEW", "FAILED"},
	},
	Leg: Moves{
		{"PENDING", "HELD"},
		{"PENDING", "CAPTURED"},
		{"PENDING", "DECLINED"},
		{"PENDING", "ABSENT"},
		{"PENDING", "UNKNOWN"},
		{"UNKNOWN", "HELD"},
		{"UNKNOWN", "CAPTURED"},
		{"UNKNOWN", "DECLINED"},
		{"UNKNOWN", "ABSENT"},
		{"UNKNOWN", "VOIDED"},
		{"UNKNOWN", "RELEASED"},
		{"HELD", "CAPTURED"},
		{"HELD", "RELEASED"},
		{"CAPTURED", "VOIDED"},
		{"ABSENT", "PENDING"}, // only when the payment is deferred
	},
	Cancellation: Moves{
		{"", "PROCESSING"},
		{"PROCESSING", "PROCESSING"}, // a refund became known
		{"PROCESSING", "SUCCEEDED"},
		{"PROCESSING", "FAILED"},
		{"PROCESSING", "REVIEW"},
		{"REVIEW", "SUCCEEDED"}, // by a person, as the next
		{"REVIEW", "FAILED"},
	},
	Refund: Moves{
		{"PENDING", "REFUNDED"},
		{"PENDING", "REFUSED"},
		{"PENDING", "ABSENT"}, // never called, since a means before it refused
	},
}

// has says whether the move is in the table.
func (m Moves) has(from, to string) bool {
	for _, move := range m {
		if move == [2]string{from, to} {
			return true
		}
	}
	return false
}

// reach is the moves that one step of a history can hold: it tells the states at its end only, so a leg may have come there
// by several moves. That of a deferral is left out, since it may stand alone only.
func (m Moves) reach() map[[2]string]bool {
	reached := map[[2]string]bool{}
	for _, move := range m {
		if move != deferral {
			reached[move] = true
		}
	}
	for grown := true; grown; {
		grown = false
		for a := range reached {
			for b := range reached {
				if joined := [2]string{a[0], b[1]}; a[1] == b[0] && !reached[joined] {
					reached[joined], grown = true, true
				}
			}
		}
	}
	return reached
}

var deferral = [2]string{"ABSENT", "PENDING"}

var (
	legReach    = Legal.Leg.reach()
	refundReach = Legal.Refund.reach()
)
