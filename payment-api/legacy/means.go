package legacy

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// means are the payment means. Each call dials anew and hangs up after its answer, as clients without a pool do.
type means struct {
	client *http.Client
	urls   map[string][]string // by means
}

func newMeans(urls map[string][]string, timeout time.Duration) *means {
	return &means{urls: urls, client: &http.Client{
		Timeout:   timeout,
		Transport: &http.Transport{DisableKeepAlives: true, DisableCompression: true},
	}}
}

// operation is what can be asked of a means: what it answers when it did it, and what the leg is then.
type operation struct {
	name, done, leg string
	amount          bool // the answer carries the money that was moved
}

var (
	reserve   = operation{"reserve", "held", held, true}
	charge    = operation{"charge", "approved", captured, true}
	confirm   = operation{"confirm", "captured", captured, true}
	release   = operation{"release", "released", released, false}
	void      = operation{"void", "voided", voided, false}
	netCancel = operation{"net-cancel", "canceled", voided, false}
)

// refusal is a call that came to nothing, as far as this system can tell. It cannot tell a decline from a silence.
type refusal struct{ code string }

func (r *refusal) Error() string { return "the payment means refused: " + r.code }

// numbers of the legs in their references: <payment>.<number>. A coupon is 1 whether or not there is one.
var numbers = map[string]int{"COUPON": 1, "POINT": 2, "PG": 3}

// call asks once and changes the leg to what came of it. A confirm or an undo that fails leaves the leg as it is.
func (m *means) call(ctx context.Context, p *payment, l *leg, o operation) *refusal {
	l.Reference = strconv.FormatUint(p.ID, 10) + "." + strconv.Itoa(numbers[l.Means])
	a, err := m.ask(ctx, p, l, o)
	became := errored
	switch {
	case err != nil:
		l.Code = "no-answer"
	case a.Result == o.done && (!o.amount || a.Amount == l.Amount && a.Currency == p.Currency):
		l.State, l.Code = o.leg, ""
		if a.Transaction != "" {
			l.Transaction = fit(a.Transaction)
		}
		return nil
	case a.Result == "declined" || a.Result == "refused":
		l.Code, became = fit(a.Code), declined
	default:
		l.Code = "answer-not-understood"
	}
	if o == reserve || o == charge {
		l.State = became
	}
	return &refusal{code: l.Code}
}

// question is the body of every operation.
type question struct {
	Reference string `json:"reference"`
	Order     string `json:"order_id,omitempty"`
	Merchant  string `json:"merchant,omitempty"`
	Amount    int64  `json:"amount,omitempty"`
	Currency  string `json:"currency,omitempty"`
	Token     string `json:"token,omitempty"`
}

// answer is what is read of an answer.
type answer struct {
	Result      string `json:"result"`
	Code        string `json:"code"`
	Transaction string `json:"transaction_id"`
	Amount      int64  `json:"amount"`
	Currency    string `json:"currency"`
}

// maxAnswer bounds the body of an answer; a means answers in some 300 bytes.
const maxAnswer = 64 << 10

func (m *means) ask(ctx context.Context, p *payment, l *leg, o operation) (a answer, err error) {
	q := question{Reference: l.Reference}
	if o == reserve || o == charge {
		q.Order, q.Merchant, q.Token = p.Order, strconv.FormatUint(uint64(p.Merchant), 10), l.Token
		q.Amount, q.Currency = l.Amount, p.Currency
	}
	body, err := json.Marshal(q)
	if err != nil {
		return a, err
	}
	url := home(m.urls[l.Means], l.Token) + "/" + strings.ToLower(l.Means) + "/v1/" + o.name
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return a, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := m.client.Do(request)
	if err != nil {
		return a, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return a, fmt.Errorf("%s answers %s", url, response.Status)
	}
	err = json.NewDecoder(io.LimitReader(response.Body, maxAnswer)).Decode(&a)
	return a, err
}

// home is the instance that a token's source belongs to: all calls of a leg must find the same one.
func home(urls []string, token string) string {
	source, _, _ := strings.Cut(token, ";")
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(source))
	return urls[int(sum.Sum32()%uint32(len(urls)))]
}

// fit cuts a text of the means to what the columns take.
func fit(text string) string {
	const longest = 64
	text = strings.ToValidUTF8(text, "?")
	for len([]rune(text)) > longest {
		text = string([]rune(text)[:longest])
	}
	return text
}
