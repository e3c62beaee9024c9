package fault

import "encoding/json"

// Reference answers for another reference, as a means does that mixes up its answers. The rest of the answer is good.
//
//	client ── POST charge 41.1 ──► (booked: 41.1, with :after)
//	client ◄── 200 {"result":"approved","reference":"another.1",…}
type Reference struct{}

// Spoil changes the reference.
func (Reference) Spoil(honest Answer) Ending {
	honest.Body = altered(honest.Body, "reference", func(json.RawMessage) json.RawMessage { return json.RawMessage(`"another.1"`) })
	return Ending{Answer: honest}
}
