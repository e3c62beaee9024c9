package main

import (
	"maps"
	"slices"
	"strings"
	"time"
)

func names() []string { return slices.Sorted(maps.Keys(verbs())) }

func usages() string {
	var text strings.Builder
	text.WriteString("  payment-worker [serve]\n")
	for _, name := range names() {
		text.WriteString("  payment-worker " + verbs()[name].usage + "\n")
	}
	return text.String() + "  payment-worker help"
}

type wallClock struct{}

func (wallClock) Now() time.Time { return time.Now() }
