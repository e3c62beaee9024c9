package pgsim

import (
	"fmt"
	"sync"

	"gazua.example/mock-pg/pgsim/book"
	"gazua.example/mock-pg/pgsim/script"
)

// A wallet is what points and coupons are taken from: what one source has of one currency at one means. A source belongs
// to the member, so it is the same wallet for every merchant. Requests whose token names no source have none, and take
// without a bound.
//
//	            reserve              confirm
//	balance ────────────────► held ───────────► spent
//	   ▲  ▲   release, expiry   │      void       │        balance + held + spent − refunded = funded, always
//	   │  └─────────────────────┘◄── (balance) ───┤
//	   └──────────────── refund ──────────────────┘
//
// Points are bounded by the balance, once somebody has set one. A coupon is good for one use: while anything of it is held
// or spent it is refused, whatever its balance.
//
// A wallet changes by entries of the book only, as records do. Whoever decides by it, or changes it, holds its lock until
// the entry has its seq: so the order of the book is the order of its changes, and no prefix of the book overdraws it. The
// order of the locks is
//
//	the name of a refund ─► the shard of a record ─► one wallet ─► the book
//
// and nobody holds two wallets. A wallet's own lock, not its shard's, since many wallets may be paid from at a time.
type wallet struct {
	key walletKey

	mu                            sync.Mutex // guards what follows
	bounded                       bool       // a balance was set
	funded, held, spent, refunded int64
	last                          uint64 // seq of the newest entry
}

type walletKey struct{ source, currency string }

// wallets are those of one means. They are never removed: what holds or spent something must be known when it comes back.
type wallets struct{ byKey sync.Map } // walletKey → *wallet

func (ws *wallets) find(key walletKey) *wallet {
	if w, ok := ws.byKey.Load(key); ok {
		return w.(*wallet)
	}
	w, _ := ws.byKey.LoadOrStore(key, &wallet{key: key})
	return w.(*wallet)
}

func (ws *wallets) all(yield func(*wallet) bool) {
	ws.byKey.Range(func(_, w any) bool { return yield(w.(*wallet)) })
}

func (ws *wallets) forget() { ws.byKey.Clear() }

func (w *wallet) balance() int64 { return w.funded - w.held - w.spent + w.refunded }

func (w *wallet) inUse() int64 { return w.held + w.spent - w.refunded }

// lacks says why the wallet cannot give the amount, or is empty. No wallet gives everything.
func (w *wallet) lacks(means string, amount int64) (code string) {
	switch {
	case w == nil:
	case means == Coupon && w.inUse() != 0:
		return codeCouponUsed
	case w.bounded && w.balance() < amount:
		return codeInsufficient
	}
	return ""
}

// apply makes the change that the entry stands for, live and when the book is read again.
func (w *wallet) apply(e *book.Entry) {
	if e.Effect == book.Funded {
		w.bounded, w.funded, w.last = true, e.Amount+w.inUse(), e.Seq
	}
	if e.Transaction == 0 {
		return // no money: a refusal, or the release of what was never held
	}
	w.last = e.Seq
	switch e.Effect {
	case book.Held:
		w.held += e.Amount
	case book.Captured:
		w.held -= e.Amount
		w.spent += e.Amount
	case book.Released, book.Expired:
		w.held -= e.Amount
	case book.Voided:
		w.spent -= e.Amount
	case book.Refunded:
		w.refunded += e.Amount
	}
}

// walletOf is the wallet that the request may move: the one that its reservation was taken from, or the one that a new
// reservation asks. nil: there is none.
func (e *engine) walletOf(rec *record, r *request) *wallet {
	switch {
	case r.op == script.Inquiry:
		return nil
	case rec.wallet != nil:
		return rec.wallet
	case r.op == script.Reserve && rec.plan.Source != "":
		return e.wallets.find(walletKey{rec.plan.Source, r.Currency})
	}
	return nil
}

// openWallet gives a wallet that nobody has funded the balance that such ones have. It is locked.
func (e *engine) openWallet(w *wallet, op script.Op) error {
	if op != script.Reserve || w.bounded || e.walletBalance == 0 {
		return nil
	}
	_, err := e.fund(w, e.walletBalance)
	return err
}

// fund books what the wallet has from now on. It is locked.
func (e *engine) fund(w *wallet, balance int64) (book.Ticket, error) {
	entries := []book.Entry{{
		Means: e.means, Op: "fund", Effect: book.Funded, Reference: w.key.source, Source: w.key.source, Amount: balance, Currency: w.key.currency,
	}}
	ticket, err := e.book.Append(entries)
	if err == nil {
		w.apply(&entries[0])
	}
	return ticket, err
}

// setBalance is what an operator asks for. funding keeps it out while somebody looks at the whole.
func (e *engine) setBalance(key walletKey, balance int64, funding sync.Locker) (book.Ticket, error) {
	funding.Lock()
	defer funding.Unlock()
	w := e.wallets.find(key)
	w.mu.Lock()
	defer w.mu.Unlock()
	return e.fund(w, balance)
}

// walletLine is a wallet as it is told.
type walletLine struct {
	Means    string `json:"means"`
	Source   string `json:"source"`
	Currency string `json:"currency"`
	Balance  *int64 `json:"balance"` // null: without a bound
	Held     int64  `json:"held"`
	Spent    int64  `json:"spent"`
	Refunded int64  `json:"refunded"`
	Funded   *int64 `json:"funded"` // balance + held + spent - refunded
}

func (w *wallet) line(means string) (line walletLine, last uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	line = walletLine{Means: means, Source: w.key.source, Currency: w.key.currency, Held: w.held, Spent: w.spent, Refunded: w.refunded}
	if w.bounded {
		line.Balance, line.Funded = new(w.balance()), new(w.funded)
	}
	return line, w.last
}

// setting is a line of PUT /balances.
type setting struct {
	Means    string `json:"means"`    // default POINT
	Source   string `json:"source"`   // as tokens name it
	Currency string `json:"currency"` // default KRW
	Balance  *int64 `json:"balance"`  // what it has from now on
}

func (b *setting) check() error {
	setDefault(&b.Means, Point)
	setDefault(&b.Currency, "KRW")
	switch {
	case b.Means != Point && b.Means != Coupon:
		return fmt.Errorf("means must be %s or %s, not %.20q", Point, Coupon, b.Means)
	case script.SourceOf("gz1."+b.Source) == "":
		return fmt.Errorf("source must be one that a token can name (1 to 32 of a-z, 0-9 and -), not %.40q", b.Source)
	case !isCurrency(b.Currency):
		return fmt.Errorf("currency must be three capital letters (ISO 4217), not %.20q", b.Currency)
	case b.Balance == nil || *b.Balance < 0 || *b.Balance > maxAmount:
		return fmt.Errorf("balance must be from 0 to %d minor units", int64(maxAmount))
	}
	return nil
}
