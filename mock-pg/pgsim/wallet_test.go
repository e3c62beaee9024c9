package pgsim

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gazua.example/mock-pg/pgsim/book"
	"gazua.example/mock-pg/pgsim/script"
)

func (l walletLine) String() string {
	text := fmt.Sprintf("held %d spent %d refunded %d", l.Held, l.Spent, l.Refunded)
	if l.Balance != nil {
		text = fmt.Sprintf("balance %d %s funded %d", *l.Balance, text, *l.Funded)
	}
	return text
}

func (b *bench) fund(e *engine, key walletKey, balance int64) {
	b.t.Helper()
	ticket, err := e.setBalance(key, balance, &sync.Mutex{})
	if err == nil {
		err = ticket.Wait()
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) wallet(means, source string) string {
	line, _ := b.engines[means].wallets.find(walletKey{source, "KRW"}).line(means)
	return line.String()
}

// purse is a wallet as somebody counts it who has the book only.
type purse struct {
	bounded                        bool
	funded, held, spent, back, now int64
}

// pursesByEntries follows every wallet through the book, and names the first entry that takes more than there is.
func pursesByEntries(entries []book.Entry) (purses map[string]*purse, wrong string) {
	purses = map[string]*purse{}
	for _, e := range entries {
		if e.Source == "" || e.Means == PG {
			continue
		}
		name := e.Means + " wallet " + e.Source + " " + e.Currency
		p := purses[name]
		if p == nil {
			p = &purse{}
			purses[name] = p
		}
		uses := p.held + p.spent - p.back
		switch e.Effect {
		case book.Funded:
			p.bounded, p.now, p.funded = true, e.Amount, e.Amount+uses
		case book.Held:
			p.held, p.now = p.held+e.Amount, p.now-e.Amount
			if e.Means == Coupon && uses != 0 {
				return nil, fmt.Sprintf("seq %d takes coupon %s a second time", e.Seq, e.Source)
			}
		case book.Captured:
			p.held, p.spent = p.held-e.Amount, p.spent+e.Amount
		case book.Released, book.Expired:
			if e.Transaction != 0 {
				p.held, p.now = p.held-e.Amount, p.now+e.Amount
			}
		case book.Voided:
			p.spent, p.now = p.spent-e.Amount, p.now+e.Amount
		case book.Refunded:
			p.back, p.now = p.back+e.Amount, p.now+e.Amount
		}
		if p.bounded && (p.now < 0 || p.now+p.held+p.spent-p.back != p.funded) || p.held < 0 || p.spent < p.back {
			return nil, fmt.Sprintf("after seq %d wallet %s is %+v", e.Seq, e.Source, *p)
		}
	}
	return purses, ""
}

// wrongWallet compares the book's wallets at its end with those in memory, and looks at each prefix on the way.
func (b *bench) wrongWallet(entries []book.Entry) string {
	purses, wrong := pursesByEntries(entries)
	if wrong != "" {
		return wrong
	}
	for means, e := range b.engines {
		for w := range e.wallets.all {
			line, _ := w.line(means)
			p := purses[means+" wallet "+line.Source+" "+line.Currency]
			if p == nil {
				p = &purse{}
			}
			counted := walletLine{Held: p.held, Spent: p.spent, Refunded: p.back}
			if p.bounded {
				counted.Balance, counted.Funded = &p.now, &p.funded
			}
			if counted.String() != line.String() {
				return fmt.Sprintf("%s %s: by the book %s, in memory %s", means, line.Source, counted, line)
			}
		}
	}
	return ""
}

// One story a row: what is done, what each step answers, and what the wallet is then.
func TestWallet_Stories(t *testing.T) {
	const token = "gz1.w-1"
	for name, c := range map[string]struct{ means, steps, answers, wallet string }{
		"points run out":         {Point, "fund=150 reserve=1 reserve=2", "held declined:insufficient_balance", "balance 50 held 100 spent 0 refunded 0 funded 150"},
		"to the last one":        {Point, "fund=200 reserve=1 reserve=2 reserve=3", "held held declined:insufficient_balance", "balance 0 held 200 spent 0 refunded 0 funded 200"},
		"confirmed":              {Point, "fund=100 reserve=1 confirm=1 reserve=2", "held captured declined:insufficient_balance", "balance 0 held 0 spent 100 refunded 0 funded 100"},
		"confirmed twice":        {Point, "fund=100 reserve=1 confirm=1 confirm=1", "held captured captured", "balance 0 held 0 spent 100 refunded 0 funded 100"},
		"released":               {Point, "fund=100 reserve=1 release=1 release=1 reserve=2", "held released released held", "balance 0 held 100 spent 0 refunded 0 funded 100"},
		"released unseen":        {Point, "fund=100 release=1 reserve=1", "released refused:tombstoned", "balance 100 held 0 spent 0 refunded 0 funded 100"},
		"expired":                {Point, "fund=100 reserve=1 pass=61 sweep reserve=2", "held held", "balance 0 held 100 spent 0 refunded 0 funded 100"},
		"expired, asked for":     {Point, "fund=100 reserve=1 pass=61 confirm=1 reserve=2", "held refused:expired held", "balance 0 held 100 spent 0 refunded 0 funded 100"},
		"voided":                 {Point, "fund=100 reserve=1 confirm=1 void=1 void=1", "held captured voided voided", "balance 100 held 0 spent 0 refunded 0 funded 100"},
		"refunded in parts":      {Point, "fund=100 reserve=1 confirm=1 refund=1:40 refund=1:20", "held captured refunded refunded", "balance 60 held 0 spent 100 refunded 60 funded 100"},
		"funded anew":            {Point, "fund=100 reserve=1 fund=100 reserve=2", "held held", "balance 0 held 200 spent 0 refunded 0 funded 200"},
		"held again by a repeat": {Point, "fund=300 reserve=1 reserve=1", "held refused:already_held", "balance 200 held 100 spent 0 refunded 0 funded 300"},
		"never funded":           {Point, "reserve=1 reserve=2", "held held", "held 200 spent 0 refunded 0"},
		"funded later":           {Point, "reserve=1 confirm=1 fund=100 reserve=2 reserve=3", "held captured held declined:insufficient_balance", "balance 0 held 100 spent 100 refunded 0 funded 200"},
		"a coupon in use":        {Coupon, "reserve=1 reserve=2", "held declined:coupon_used", "held 100 spent 0 refunded 0"},
		"a coupon used":          {Coupon, "reserve=1 confirm=1 reserve=2", "held captured declined:coupon_used", "held 0 spent 100 refunded 0"},
		"a coupon released":      {Coupon, "reserve=1 release=1 reserve=2", "held released held", "held 100 spent 0 refunded 0"},
		"a coupon back in part":  {Coupon, "reserve=1 confirm=1 refund=1:40 reserve=2", "held captured refunded declined:coupon_used", "held 0 spent 100 refunded 40"},
		"a coupon back":          {Coupon, "reserve=1 confirm=1 refund=1:100 reserve=2", "held captured refunded held", "held 100 spent 100 refunded 100"},
		"a coupon worth less":    {Coupon, "fund=99 reserve=1", "declined:insufficient_balance", "balance 99 held 0 spent 0 refunded 0 funded 99"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, t.TempDir())
			defer b.close()
			var answers []string
			for step := range strings.FieldsSeq(c.steps) {
				if a := b.walletStep(c.means, token, step); a != "" {
					answers = append(answers, a)
				}
			}
			b.flush()
			if got := strings.Join(answers, " "); got != c.answers {
				t.Errorf("answered %s\n    want %s", got, c.answers)
			}
			if got := b.wallet(c.means, "w-1"); got != c.wallet {
				t.Errorf("the wallet: %s\n      want: %s", got, c.wallet)
			}
			if wrong := b.wrongWallet(b.entries()); wrong != "" {
				t.Error(wrong)
			}
			if d := difference(money(b.engines), money(rebuilt(t, b.entries(), b.clock, cards{}))); d != "" {
				t.Error(d)
			}
		})
	}
}

// walletStep is what=reference, or fund=balance, pass=seconds, sweep, refund=reference:amount.
func (b *bench) walletStep(means, token, step string) (answer string) {
	what, of, _ := strings.Cut(step, "=")
	of, part, _ := strings.Cut(of, ":")
	var n int64
	_, _ = fmt.Sscan(of, &n)
	switch what {
	case "fund":
		b.fund(b.engines[means], walletKey{"w-1", "KRW"}, n)
	case "pass":
		b.pass(time.Duration(n) * time.Second)
	case "sweep":
		b.sweep()
	case "refund":
		amount := int64(0)
		_, _ = fmt.Sscan(part, &amount)
		return b.refund(means, of+".1."+fmt.Sprint(len(b.entries())), of+".1", amount)
	default:
		op, _ := script.OpByName(what)
		return b.do(means, op, of+".1", token)
	}
	return ""
}

// A repeated refund gives back once.
func TestWallet_ARefundThatIsRepeated_GivesBackOnce(t *testing.T) {
	b := newBench(t, t.TempDir())
	defer b.close()
	b.fund(b.engines[Point], walletKey{"w-1", "KRW"}, 100)
	b.do(Point, script.Reserve, "1.1", "gz1.w-1")
	b.do(Point, script.Confirm, "1.1", "")
	for range 3 {
		if got := b.refund(Point, "1.1.1", "1.1", 30); got != "refunded" {
			t.Error(got)
		}
	}
	if got, want := b.wallet(Point, "w-1"), "balance 30 held 0 spent 100 refunded 30 funded 100"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestWallet_NobodyFunded_HasTheDefault(t *testing.T) {
	b := newBench(t, t.TempDir())
	defer b.close()
	b.engines[Point].walletBalance = 150
	var got []string
	for i, token := range []string{"gz1.w-1", "gz1.w-1", "gz1.w-2", "tok", "tok"} {
		got = append(got, b.do(Point, script.Reserve, fmt.Sprintf("%d.1", i), token))
	}
	if want := []string{"held", "declined:insufficient_balance", "held", "held", "held"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	// The book says what was given, so that another default later changes nothing.
	if d := difference(money(b.engines), money(rebuilt(t, b.entries(), b.clock, cards{}))); d != "" {
		t.Error(d)
	}
}

// Wallets of other currencies and means are others.
func TestWallet_IsOneMeansAndOneCurrency(t *testing.T) {
	b := newBench(t, t.TempDir())
	defer b.close()
	b.fund(b.engines[Point], walletKey{"w-1", "KRW"}, 0)
	r := b.request(script.Reserve, "1.1", "gz1.w-1")
	r.Currency = "USD"
	if got := b.run(Point, r); got != "held" {
		t.Errorf("in another currency: %s", got)
	}
	if got := b.do(Coupon, script.Reserve, "1.1", "gz1.w-1"); got != "held" {
		t.Errorf("at another means: %s", got)
	}
	if got := b.do(Point, script.Reserve, "2.1", "gz1.w-1"); got != "declined:insufficient_balance" {
		t.Errorf("here: %s", got)
	}
}

// Many at once, on few wallets: reserves, ends of all kinds, expiry and operators meet on the same locks. None waits for
// ever, no wallet is overdrawn at any prefix of the book, and what memory says is what the book says.
func TestWallet_ManyAtOnce_NeverOverdrawn(t *testing.T) {
	b := newBench(t, t.TempDir())
	defer b.close()
	sources := []string{"w-1", "w-2", "w-3"}
	for _, source := range sources {
		b.fund(b.engines[Point], walletKey{source, "KRW"}, 1500)
	}
	var all sync.WaitGroup
	for client := range 12 {
		all.Go(func() { b.shop(client, sources) })
	}
	stop := make(chan struct{})
	var others sync.WaitGroup
	others.Go(func() { b.meddle(stop, sources) })
	done := make(chan struct{})
	go func() { all.Wait(); close(stop); others.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("somebody waits for ever")
	}
	b.flush()
	if wrong := b.wrongWallet(b.entries()); wrong != "" {
		t.Error(wrong)
	}
	if d := difference(money(b.engines), money(rebuilt(t, b.entries(), b.clock, cards{}))); d != "" {
		t.Error(d)
	}
}

// shop pays and gives back, on references that it shares with one other client.
func (b *bench) shop(client int, sources []string) {
	for n := range 150 {
		means := []string{Point, Coupon}[n%2]
		reference := fmt.Sprintf("%d.%d", client/2, n)
		token := "gz1." + sources[(client+n)%len(sources)]
		for _, op := range [][]script.Op{
			{script.Reserve, script.Confirm, script.Void},
			{script.Reserve, script.Release},
			{script.Reserve, script.Confirm, script.Refund},
			{script.Reserve, script.Confirm, script.Inquiry},
			{script.Reserve},
		}[n%5] {
			r := b.request(op, reference, token)
			if op == script.Refund {
				r = refundRequest(reference+".1", reference, 40)
			}
			if done, err := b.engines[means].take(r); err != nil || done.ticket.Wait() != nil {
				b.t.Fatal(err)
			}
		}
	}
}

// meddle lets holds expire and sets balances until stop.
func (b *bench) meddle(stop chan struct{}, sources []string) {
	for n := 0; ; n++ {
		select {
		case <-stop:
			return
		default:
		}
		b.pass(100 * time.Millisecond)
		for _, e := range b.engines {
			if err := e.sweep(); err != nil {
				b.t.Fatal(err)
			}
		}
		if _, err := b.engines[Point].setBalance(walletKey{sources[n%len(sources)], "KRW"}, 1000, &sync.Mutex{}); err != nil {
			b.t.Fatal(err)
		}
	}
}
