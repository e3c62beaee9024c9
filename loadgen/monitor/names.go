package monitor

// The names that a Go program's page has for what is read of it: OpenTelemetry's names with dots as underscores and the
// unit behind, or, where two are named, those of Prometheus' own Go collector. The first that a page has is read.

const breakerName = "gazua_breaker_state"

var gauges = []struct {
	metric string
	keep   func(point) bool
	names  []string
}{
	{"goroutines", nil, []string{"go_goroutines", "go_goroutine_count"}},
	{"heap_bytes", notStack, []string{"go_memory_classes_heap_objects_bytes", "go_memstats_heap_alloc_bytes", "go_memory_used_bytes"}},
	{"means_in_flight", nil, []string{"gazua_means_in_flight"}},
	{"db_used", used, []string{"db_client_connection_count", "db_client_connections_usage"}},
	{"db_idle", idle, []string{"db_client_connection_count", "db_client_connections_usage"}},
}

var rates = []struct {
	metric string
	names  []string
}{
	{"alloc_bytes_per_s", []string{"go_memstats_alloc_bytes_total", "go_memory_allocated_bytes_total"}},
	{"gc_per_s", []string{"go_gc_cycles_total", "go_gc_cycles_total_gc_cycles_total", "go_gc_duration_seconds_count", "go_gc_pause_seconds_count"}},
	{"gc_pause_s", []string{"go_gc_pause_seconds_sum", "go_gc_pauses_seconds_sum", "go_gc_duration_seconds_sum"}},
	{"requests_per_s", []string{"http_server_request_duration_seconds_count"}},
	{"means_calls_per_s", []string{"gazua_means_call_duration_seconds_count", "http_client_request_duration_seconds_count"}},
	{"spans_dropped_per_s", []string{"gazua_telemetry_spans_dropped_total"}},
}

// means are histograms of which the mean of the last interval is kept.
var means = []struct {
	metric string
	names  []string
}{
	{"request_s", []string{"http_server_request_duration_seconds"}},
	{"means_call_s", []string{"gazua_means_call_duration_seconds", "http_client_request_duration_seconds"}},
	{"pool_wait_s", []string{"gazua_means_pool_wait_seconds"}},
	{"commit_batch", []string{"gazua_commit_batch_size"}},
	{"commit_wait_s", []string{"gazua_commit_wait_seconds"}},
	{"commit_s", []string{"gazua_commit_duration_seconds"}},
}

// waited are counters of waits and of the time that they took, of which the mean is kept too.
var waited = struct{ metric, seconds, times string }{"db_wait_s", "gazua_db_connection_waited_seconds_total", "gazua_db_connection_waits_total"}

var pauseBuckets = []string{"go_gc_pause_seconds_bucket", "go_gc_pauses_seconds_bucket", "go_sched_pauses_total_gc_seconds_bucket"}

func notStack(p point) bool { return p.label("go_memory_type") != "stack" }
func used(p point) bool {
	return p.label("state") == "used" || p.label("db_client_connection_state") == "used"
}

func idle(p point) bool {
	return p.label("state") == "idle" || p.label("db_client_connection_state") == "idle"
}

// wanted are all the names above.
var wanted = func() map[string]bool {
	all := map[string]bool{breakerName: true, waited.seconds: true, waited.times: true}
	for _, g := range gauges {
		for _, name := range g.names {
			all[name] = true
		}
	}
	for _, r := range rates {
		for _, name := range r.names {
			all[name] = true
		}
	}
	for _, m := range means {
		for _, name := range m.names {
			all[name+"_sum"], all[name+"_count"] = true, true
		}
	}
	for _, name := range pauseBuckets {
		all[name] = true
	}
	return all
}()
