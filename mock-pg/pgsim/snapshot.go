package pgsim

import (
	"bufio"
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"gazua.example/mock-pg/pgsim/book"
)

// A snapshot is all that is there at one position of the book: what each wallet has, what is held, and what was taken and
// neither voided nor wholly refunded.
//
//	{"kind":"snapshot","seq":17,"instance":"mock-pg-1"}
//	{"kind":"wallet","means":"POINT","source":"w-1","currency":"KRW","balance":60,"held":100,"spent":40,"refunded":0,"funded":200}
//	{"kind":"hold","means":"POINT","reference":"8.2","transaction_id":"t-12",…,"expires_at":"…","source":"w-1"}
//	{"kind":"live","means":"PG","reference":"7.1","transaction_id":"t-5",…,"amount":100,"refunded":30}
//	{"kind":"end","wallets":1,"holds":1,"live":1}
//
// It comes from memory, not from the book, so that whoever reads both can compare them. Payments stand still while it is
// copied, for about a second where a million charges are alive (BenchmarkSnapshot), and go on while it is sent: it belongs
// to the time before or after a run.
type snapshot struct {
	seq     uint64
	wallets []walletLine
	taken   []takenLine
}

// takenLine is a hold or a live charge. Texts are shared with the record that it was copied from.
type takenLine struct {
	means  string
	source string
	ref    string
	record recordTexts
	transaction
	refunded int64
}

type recordTexts struct{ orderID, merchant, currency string }

// takeSnapshot returns it when all of it is in the book's file.
func (s *Server) takeSnapshot() (*snapshot, error) {
	shot := s.copyState()
	ticket, err := s.book.Written(shot.seq)
	if err == nil {
		err = ticket.Wait()
	}
	if err != nil {
		return nil, err
	}
	slices.SortFunc(shot.taken, func(a, b takenLine) int { return cmp.Compare(a.id, b.id) })
	slices.SortFunc(shot.wallets, compareWallets)
	return shot, nil
}

func (s *Server) copyState() *snapshot {
	defer s.standStill()()
	shot := &snapshot{seq: s.book.Seq()}
	for _, means := range meansNames {
		e := s.engines[means]
		records := 0
		for i := range e.shards {
			records += len(e.shards[i].records)
		}
		shot.taken = slices.Grow(shot.taken, records) // most of them are alive, and growing copies while everybody waits
		for w := range e.wallets.all {
			if line, last := w.line(means); last != 0 { // nobody has moved what was only asked for
				shot.wallets = append(shot.wallets, line)
			}
		}
		for i := range e.shards {
			for reference, r := range e.shards[i].records {
				shot.add(means, reference, r)
			}
		}
	}
	return shot
}

func (shot *snapshot) add(means, reference string, r *record) {
	for x := range r.transactions {
		if !x.live() {
			continue
		}
		line := takenLine{means: means, ref: reference, record: recordTexts{r.orderID, r.merchant, r.currency}, transaction: *x}
		if x == r.oldestCaptured() { // refunds come off this one
			line.refunded = r.refunded()
		}
		if r.wallet != nil {
			line.source = r.wallet.key.source
		}
		if x.status == held || line.refunded < x.amount {
			shot.taken = append(shot.taken, line)
		}
	}
}

func compareWallets(a, b walletLine) int {
	return cmp.Or(cmp.Compare(a.Means, b.Means), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Currency, b.Currency))
}

func (l *takenLine) appendJSON(to []byte) []byte {
	kind := `{"kind":"live","means":"`
	if l.status == held {
		kind = `{"kind":"hold","means":"`
	}
	to = append(append(to, kind...), l.means...)
	to = append(append(to, `","reference":"`...), l.ref...)
	to = book.AppendTransactionID(append(to, `","transaction_id":"`...), l.id)
	to = append(append(to, `","order_id":"`...), l.record.orderID...)
	to = append(append(to, `","merchant":"`...), l.record.merchant...)
	to = strconv.AppendInt(append(to, `","amount":`...), l.amount, 10)
	to = append(append(append(to, `,"currency":"`...), l.record.currency...), '"')
	to = appendTime(to, `,"booked_at":"`, time.Unix(0, l.at).UTC())
	if l.status == held {
		to = appendTime(to, `,"expires_at":"`, time.Unix(0, l.until).UTC())
	} else {
		to = strconv.AppendInt(append(to, `,"refunded":`...), l.refunded, 10)
	}
	if l.source != "" {
		to = append(append(append(to, `,"source":"`...), l.source...), '"')
	}
	return append(to, '}', '\n')
}

// write sends it, one JSON object a line.
func (shot *snapshot) write(to io.Writer, instance string) error {
	buffered := bufio.NewWriterSize(to, 64<<10)
	lines := json.NewEncoder(buffered)
	_ = lines.Encode(struct { // a writer that failed says so at Flush, too
		Kind     string `json:"kind"`
		Seq      uint64 `json:"seq"`
		Instance string `json:"instance"`
	}{"snapshot", shot.seq, instance})
	for _, w := range shot.wallets {
		_ = lines.Encode(struct {
			Kind string `json:"kind"`
			walletLine
		}{"wallet", w})
	}
	holds := 0
	var text []byte
	for i := range shot.taken {
		if shot.taken[i].status == held {
			holds++
		}
		text = shot.taken[i].appendJSON(text[:0])
		if _, err := buffered.Write(text); err != nil {
			return err
		}
	}
	_ = lines.Encode(struct {
		Kind    string `json:"kind"`
		Wallets int    `json:"wallets"`
		Holds   int    `json:"holds"`
		Live    int    `json:"live"`
	}{"end", len(shot.wallets), holds, len(shot.taken) - holds})
	return buffered.Flush()
}

func (s *Server) serveSnapshot(w http.ResponseWriter, _ *http.Request) {
	shot, err := s.takeSnapshot()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("Book-Position", strconv.FormatUint(shot.seq, 10))
	if err := shot.write(w, s.options.Instance); err != nil {
		s.log.Warn("snapshot not sent to its end", "error", err.Error())
	}
}
