package verify

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Positions are the newest entries of the books when the run started, by instance: by its name, or its admin address where
// it has none.
type Positions map[string]uint64

// onlyInstance names the one instance of a run that was made when there was but one.
const onlyInstance = ""

// UnmarshalJSON reads the former format too, a number alone.
func (p *Positions) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	var alone uint64
	if json.Unmarshal(text, &alone) == nil {
		*p = Positions{onlyInstance: alone}
		return nil
	}
	var many map[string]uint64
	if err := json.Unmarshal(text, &many); err != nil {
		return fmt.Errorf("where the books stood is neither a number nor one for each instance: %w", err)
	}
	*p = many
	return nil
}

// of is where the book of an instance stood; many says that there are others beside it. To guess would be to leave money
// out, or to judge another run's.
func (p Positions) of(at standing, address string, many bool) (uint64, error) {
	for _, name := range []string{at.Instance, address} {
		if seq, known := p[name]; known && name != onlyInstance {
			return seq, nil
		}
	}
	if seq, known := p[onlyInstance]; known && !many {
		return seq, nil
	}
	if len(p) == 0 {
		return 0, nil // the run's book is the whole
	}
	return 0, fmt.Errorf("the run has not noted where the book of %s (%s) stood when it began; it knows those of %s",
		at.name(address), address, strings.Join(slices.Sorted(maps.Keys(p)), ", "))
}

// Addresses reads a list as PG_ADMIN, PG_URL and KAFKA_BROKERS have it: separated by commas.
func Addresses(list string) (addresses []string) {
	for address := range strings.SplitSeq(list, ",") {
		if address = strings.TrimSuffix(strings.TrimSpace(address), "/"); address != "" {
			addresses = append(addresses, address)
		}
	}
	return addresses
}
