package fault

import "encoding/json"

// Currency names another currency in an otherwise good answer: XXX, which ISO 4217 keeps for "no currency".
//
//	client ── POST charge 20000 KRW ──► (booked: KRW, with :after)
//	client ◄── 200 {"result":"approved",…,"amount":20000,"currency":"XXX"}
type Currency struct{}

// Spoil changes the currency.
func (Currency) Spoil(honest Answer) Ending {
	honest.Body = altered(honest.Body, "currency", func(json.RawMessage) json.RawMessage { return json.RawMessage(`"XXX"`) })
	return Ending{Answer: honest}
}
