package gateway

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"

	"gazua.example/payment-api/payment"
)

// A statement is what a means says that it booked on one business day in Seoul: captures that survived and refunds, one
// JSON object a line. It is read as it comes, however long it is; its last line counts and sums what was before it, so a
// statement that was cut is an error and never a short one.
//
//	GET /pg/v1/statement?date=2026-01-31 ─► capture, refund, … ─► end: count and sums as we counted them? ─► done
//
// It has a client of its own: nothing waits for it, and nothing that waits should wait behind it.

// Bounds of a statement. Its lines are not counted: they are not kept.
const (
	maxLine       = 4 << 10
	stallPatience = 5 // time-outs of a call: for the next line, and for the first
)

// Statement reads what means booked on date, a day in Seoul such as 2026-01-31: the statements of all its instances, one
// after another. The sequence ends after the last line, or with an error; then what came before it is not the whole
// statement.
func (g *Gateway) Statement(ctx context.Context, means payment.Means, date string) iter.Seq2[StatementLine, error] {
	return func(yield func(StatementLine, error) bool) {
		stopped := false
		each := func(line StatementLine) bool {
			stopped = !yield(line, nil)
			return !stopped
		}
		for _, of := range g.instances[means] {
			if err := g.statement(ctx, of, means, date, each); err != nil && !stopped {
				yield(StatementLine{}, fmt.Errorf("statement of %s for %s from %s: %w", means, date, of.url, err))
				return
			}
			if stopped {
				return
			}
		}
	}
}

// stayHere follows no redirect: what somebody else answers is not the means' answer.
func stayHere(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func newReader() *http.Client {
	return &http.Client{CheckRedirect: stayHere, Transport: &http.Transport{
		DialContext:        (&net.Dialer{Timeout: time.Second, KeepAlive: 15 * time.Second}).DialContext,
		MaxConnsPerHost:    4,
		IdleConnTimeout:    idleTimeout,
		DisableCompression: true,
	}}
}

func (g *Gateway) statement(ctx context.Context, of *instance, means payment.Means, date string, each func(StatementLine) bool) error {
	if _, err := time.Parse(time.DateOnly, date); err != nil {
		return errors.New("the date must be a day such as 2026-01-31")
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	patience := stallPatience * g.options.Timeout
	stalled := time.AfterFunc(patience, func() { cancel(fmt.Errorf("nothing came for %s", patience)) })
	defer stalled.Stop()
	response, err := g.fetch(ctx, of.url+"/"+strings.ToLower(string(means))+"/v1/statement?date="+date)
	if err != nil {
		return because(ctx, err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("it was answered with status %d", response.StatusCode)
	}
	var seen totals
	lines := bufio.NewReaderSize(response.Body, maxLine)
	for number := 1; ; number++ {
		stalled.Reset(patience)
		text, err := nextLine(lines)
		stalled.Stop() // the reader of the sequence may take as long as it wants for a line
		switch {
		case errors.Is(err, io.EOF):
			return fmt.Errorf("it was cut after %d lines", number-1)
		case err != nil:
			return fmt.Errorf("read line %d: %w", number, because(ctx, err))
		}
		line, end, err := decodeLine(text)
		switch {
		case err != nil:
			return fmt.Errorf("line %d: %w", number, err)
		case end != nil && *end != seen:
			return fmt.Errorf("its end counts %d lines with %d captured and %d refunded, we got %d with %d and %d",
				end.count, end.captures, end.refunds, seen.count, seen.captures, seen.refunds)
		case end != nil:
			return nothingFollows(lines)
		}
		seen.add(line)
		if !each(line) {
			return nil
		}
	}
}

// nothingFollows reads to the end of the answer, which also lets its connection be used again.
func nothingFollows(lines *bufio.Reader) error {
	switch _, err := lines.ReadByte(); {
	case err == nil:
		return errors.New("something follows its end")
	case !errors.Is(err, io.EOF):
		return fmt.Errorf("read to the end: %w", err)
	}
	return nil
}

func (g *Gateway) fetch(ctx context.Context, url string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fmt.Errorf("make the request: %w", err)
	}
	otel.GetTextMapPropagator().Inject(ctx, propagation.HeaderCarrier(request.Header))
	return g.reader.Do(request)
}

// because prefers the reason for which we gave up to the error that giving up made.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// nextLine reads up to a newline or the end; the text is gone with the next call. io.EOF: there is no more.
func nextLine(from *bufio.Reader) ([]byte, error) {
	text, err := from.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, fmt.Errorf("it is longer than %d bytes", maxLine)
	case errors.Is(err, io.EOF) && len(text) > 0: // whether something is missing the end line will tell
		return text, nil
	case err != nil:
		return nil, err
	}
	return bytes.TrimSuffix(text, []byte("\n")), nil
}
