package fault

import "encoding/json"

// Lies are successes with one member that is not what was asked for. They look good: who checks the result alone believes
// them.

// altered is the body with another value for one member, and the body itself when it has no such member: a refusal carries
// no amount that could be wrong.
func altered(body []byte, member string, change func(json.RawMessage) json.RawMessage) []byte {
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) != nil || members[member] == nil {
		return body
	}
	members[member] = change(members[member])
	lie, err := json.Marshal(members)
	if err != nil {
		return body // nothing that change gives is not JSON
	}
	return lie
}
