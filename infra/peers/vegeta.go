package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// latenciesOf reads vegeta's CSV (time, status, latency in ns, …), sorted. An answer that is no success spoils the run.
func latenciesOf(text string) ([]time.Duration, error) {
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read vegeta's results: %w", err)
	}
	var latencies []time.Duration
	for _, row := range rows {
		ns, err := strconv.ParseInt(row[2], 10, 64)
		if err != nil || row[1] != "200" {
			return nil, fmt.Errorf("vegeta was answered %s %s", row[1], row[5])
		}
		latencies = append(latencies, time.Duration(ns))
	}
	if len(latencies) == 0 {
		return nil, fmt.Errorf("vegeta has no results")
	}
	slices.Sort(latencies)
	return latencies, nil
}

func post(url string, body []byte) error {
	response, err := http.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("POST %s: it answers %s", url, response.Status)
	}
	return nil
}
