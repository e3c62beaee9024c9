package payment

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// The values of the JSON that is written by hand, each as encoding/json writes it.

func number[N ~int64 | ~uint64 | ~uint32](to []byte, n N) []byte {
	if n < 0 {
		return strconv.AppendInt(to, int64(n), 10)
	}
	return strconv.AppendUint(to, uint64(n), 10)
}

// text writes what needs no escape itself, and that is nearly everything here.
func text[T ~string](to []byte, value T) []byte {
	if !isPlain(string(value)) {
		escaped, err := json.Marshal(string(value))
		if err != nil {
			panic(fmt.Sprintf("encode a text: %v", err)) // there is none that cannot be encoded
		}
		return append(to, escaped...)
	}
	to = append(to, '"')
	to = append(to, value...)
	return append(to, '"')
}

// isPlain is narrow: encoding/json writes most of what is not ASCII as it is, too.
func isPlain(value string) bool {
	for i := range len(value) {
		switch c := value[i]; {
		case c < ' ' || c > '~':
			return false
		case c == '"' || c == '\\' || c == '<' || c == '>' || c == '&':
			return false
		}
	}
	return true
}

// moment writes a time in UTC.
func moment(to []byte, t time.Time) []byte {
	to = append(to, '"')
	to = t.UTC().AppendFormat(to, time.RFC3339Nano)
	return append(to, '"')
}

// closed ends a list, each of whose members has a comma behind it.
func closed(to []byte) []byte {
	if last := len(to) - 1; to[last] == ',' {
		to = to[:last]
	}
	return append(to, ']')
}
