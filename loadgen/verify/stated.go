package verify

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"time"

	"gazua.example/loadgen/verify/sorted"
)

// stated is a line of a statement, with what its reference names and the day that it stands under.
type stated struct {
	Line
	means   string
	day     string
	payment uint64
}

// businessOf is a business day of one of the means.
type businessOf struct{ means, day string }

// seoul is where business days are counted; it has no summer time.
var seoul = time.FixedZone("Asia/Seoul", 9*60*60)

func businessDay(at time.Time) string { return at.In(seoul).Format(time.DateOnly) }

// maxDays bounds the statements that a book whose clock is out of its mind can ask for.
const maxDays = 3_000

// note remembers the day of a movement of money.
func (f *facts) note(m *movement) error {
	switch m.Effect {
	case "charged", "captured", "refunded":
		if f.days[businessOf{m.Means, businessDay(m.At)}] = true; len(f.days) > maxDays {
			return fmt.Errorf("the book has money on more than %d business days of the means: no statement is asked for so many", maxDays)
		}
	}
	return nil
}

// readStatements reads the statements of every day on which the book has money of the run, and keeps what names a payment
// from the run's range. Which of those are the run's is known later, by their payments.
func readStatements(ctx context.Context, from Statement, scope Scope, f *facts) error {
	for _, of := range slices.SortedFunc(maps.Keys(f.days), func(a, b businessOf) int {
		return cmp.Or(cmp.Compare(a.means, b.means), cmp.Compare(a.day, b.day))
	}) {
		for line, err := range from.Lines(ctx, of.means, of.day) {
			if err != nil {
				return err
			}
			name, ok := ParseReference(line.Reference)
			if !ok || name.Payment <= scope.firstID() || name.Payment > scope.lastID() {
				continue
			}
			if err := f.stated.Add(&stated{Line: line, means: of.means, day: of.day, payment: name.Payment}); err != nil {
				return err
			}
		}
	}
	return f.stated.Seal()
}

func statedByPayment(space *sorted.Space) *sorted.Values[stated] {
	return sorted.NewValues(space, "the statements by payment", sorted.Codec[stated]{
		Key: func(to []byte, s *stated) []byte { return byID(to, s.payment) }, Encode: packStated, Decode: unpackStated,
	})
}

func packStated(to []byte, s *stated) []byte {
	for _, text := range []string{s.Kind, s.Reference, s.Original, s.Transaction} {
		to = packText(to, text)
	}
	to = packText(binary.AppendVarint(to, s.Amount), s.Currency)
	to = packMoment(to, s.BookedAt)
	return binary.AppendUvarint(packText(packText(to, s.means), s.day), s.payment)
}

func unpackStated(text []byte, s *stated) error {
	p := packed{rest: text}
	s.Kind, s.Reference, s.Original, s.Transaction = p.text(), p.text(), p.text(), p.text()
	s.Amount, s.Currency, s.BookedAt = p.signed(), p.text(), p.moment()
	s.means, s.day, s.payment = p.text(), p.text(), p.unsigned()
	return p.end()
}
