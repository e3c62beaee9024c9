package bench

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"gazua.example/infra/stack/secrets"
	"gazua.example/loadgen/census"
	"gazua.example/loadgen/fill"
)

// Old are looks at filled payments, drawn from all of them, one after another: the pages that they need are seldom in memory
// when there are many. Each must be there as it was filled.
type Old struct {
	Looks int     `json:"looks"`
	Wrong int     `json:"wrong"` // not there, or not as they were filled
	P50   float64 `json:"p50_ms"`
	P99   float64 `json:"p99_ms"`
	First string  `json:"first_wrong,omitempty"`
}

const (
	oldSeed   = 1
	lookBound = 10 * time.Second
	lookMost  = 64 << 10 // bytes of an answer
)

func (l *large) lookAtOld(ctx context.Context, db *sql.DB) (*Old, error) {
	if l.Old == 0 {
		return nil, nil
	}
	picked, err := fill.Pick(ctx, db, l.Old, rand.New(rand.NewPCG(oldSeed, uint64(len(l.report.Sizes)))))
	if err != nil {
		return nil, err
	}
	variables, err := census.Variables(l.stack.File())
	if err != nil {
		return nil, fmt.Errorf("read the stack's file: %w", err)
	}
	keys, err := merchantKeys(filepath.Join(l.stack.Folder, "secrets"))
	if err != nil {
		return nil, err
	}
	o := &Old{Looks: len(picked)}
	client := &http.Client{Timeout: lookBound}
	defer client.CloseIdleConnections()
	var took []float64
	for _, p := range picked {
		began := time.Now()
		err := look(ctx, client, variables["TARGET"], keys[p.Merchant], p)
		took = append(took, float64(time.Since(began))/float64(time.Millisecond))
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			o.Wrong++
			o.First = cmp.Or(o.First, err.Error())
		}
	}
	slices.Sort(took)
	o.P50, o.P99 = took[len(took)/2], took[(len(took)*99-1)/100]
	l.say("%d looks at filled payments: p50 %.2f ms, p99 %.2f ms, %d wrong", o.Looks, o.P50, o.P99, o.Wrong)
	return o, nil
}

// look reads a payment and compares it with what was filled.
func look(ctx context.Context, client *http.Client, target, key string, want fill.Payment) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target+"/v1/payments/"+strconv.FormatUint(want.ID, 10), nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+key)
	answer, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("look at the filled payment %d: %w", want.ID, err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, lookMost))
	if err != nil {
		return fmt.Errorf("look at the filled payment %d: %w", want.ID, err)
	}
	var got struct {
		ID     uint64 `json:"id,string"`
		Order  string `json:"order_id"`
		Status string `json:"status"`
		Amount int64  `json:"amount"`
	}
	if err := json.Unmarshal(body, &got); err != nil || answer.StatusCode != http.StatusOK || got.Status != "PAID" ||
		(fill.Payment{ID: got.ID, Merchant: want.Merchant, Order: got.Order, Amount: got.Amount}) != want {
		return fmt.Errorf("the filled payment %d is answered %d %s", want.ID, answer.StatusCode, body)
	}
	return nil
}

// merchantKeys are the API keys, by merchant.
func merchantKeys(folder string) (map[uint32]string, error) {
	text, err := os.ReadFile(secrets.MerchantsFile(folder))
	if err != nil {
		return nil, fmt.Errorf("read the merchants: %w", err)
	}
	var merchants []secrets.Merchant
	if err := json.Unmarshal(text, &merchants); err != nil {
		return nil, fmt.Errorf("read the merchants: %w", err)
	}
	keys := map[uint32]string{}
	for _, m := range merchants {
		keys[uint32(m.ID)] = m.APIKey
	}
	return keys, nil
}
