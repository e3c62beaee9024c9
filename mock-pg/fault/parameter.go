package fault

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What stands behind the `/` of a fault. Every parameter has a default, bounds, and an error that shows how it is written.

// longest bounds every duration of a fault.
const longest = 10 * time.Minute

func without(f Fault) func(string) (Fault, error) {
	return func(parameter string) (Fault, error) {
		if parameter != "" {
			return nil, fmt.Errorf("%q: this fault takes no parameter", parameter)
		}
		return f, nil
	}
}

func durationOr(byDefault time.Duration, parameter string) (time.Duration, error) {
	if parameter == "" {
		return byDefault, nil
	}
	d, err := time.ParseDuration(parameter)
	if err != nil || d < time.Millisecond || d > longest {
		return 0, fmt.Errorf("%q must be a duration from 1ms to %s", parameter, longest)
	}
	return d, nil
}

func choiceOr(byDefault, parameter string, others ...string) (string, error) {
	if parameter == "" || parameter == byDefault {
		return byDefault, nil
	}
	if !slices.Contains(others, parameter) {
		return "", fmt.Errorf("%q must be one of %s, %s", parameter, byDefault, strings.Join(others, ", "))
	}
	return parameter, nil
}

func statusOr(byDefault int, parameter string, least, most int) (int, error) {
	if parameter == "" {
		return byDefault, nil
	}
	status, err := strconv.Atoi(parameter)
	if err != nil || status < least || status > most || len(parameter) != 3 {
		return 0, fmt.Errorf("%q must be an HTTP status from %d to %d", parameter, least, most)
	}
	return status, nil
}

// sizeOr reads whole bytes, KiB or MiB.
func sizeOr(byDefault, most int, parameter string) (int, error) {
	if parameter == "" {
		return byDefault, nil
	}
	digits, unit := parameter, 1
	for name, bytes := range map[string]int{"KiB": 1 << 10, "MiB": 1 << 20} {
		if text, ok := strings.CutSuffix(parameter, name); ok {
			digits, unit = text, bytes
		}
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n < 1 || n > most/unit {
		return 0, fmt.Errorf("%q must be a size such as 100000, 512KiB or 10MiB, at most %dMiB", parameter, most>>20)
	}
	return n * unit, nil
}
