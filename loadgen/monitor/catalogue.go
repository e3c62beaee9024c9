package monitor

// metric is one figure: its name is what stands after the slash of a key. docs/monitor.md has each of them, which a test
// holds.
type metric struct {
	of   string // whose it is: process, go, host, mysql, kafka, work, monitor
	name string
	unit string
}

// catalogue is every metric that can stand in a file. Names are of one meaning and one unit wherever they are used.
var catalogue = []metric{
	{"process", "cpu_cores", "cores"},
	{"process", "rss_bytes", "bytes"},
	{"process", "fds", "descriptors"},
	{"process", "threads", "threads"},
	{"process", "disk_read_bytes_per_s", "bytes/s"},
	{"process", "disk_write_bytes_per_s", "bytes/s"},

	{"go", "goroutines", "goroutines"},
	{"go", "heap_bytes", "bytes"},
	{"go", "alloc_bytes_per_s", "bytes/s"},
	{"go", "gc_per_s", "collections/s"},
	{"go", "gc_pause_s", "s/s"},
	{"go", "gc_pause_max_s", "s"},
	{"go", "requests_per_s", "requests/s"},
	{"go", "request_s", "s"},
	{"go", "means_calls_per_s", "calls/s"},
	{"go", "means_call_s", "s"},
	{"go", "means_in_flight", "calls"},
	{"go", "pool_wait_s", "s"},
	{"go", "breaker_open", "breakers"},
	{"go", "breaker_half_open", "breakers"},
	{"go", "db_used", "connections"},
	{"go", "db_idle", "connections"},
	{"go", "db_wait_s", "s"},
	{"go", "commit_batch", "payments"},
	{"go", "commit_wait_s", "s"},
	{"go", "commit_s", "s"},
	{"go", "spans_dropped_per_s", "spans/s"},

	{"host", "cpu_user_cores", "cores"},
	{"host", "cpu_system_cores", "cores"},
	{"host", "cpu_iowait_cores", "cores"},
	{"host", "cpu_idle_cores", "cores"},
	{"host", "cpu_steal_cores", "cores"},
	{"host", "mem_available_bytes", "bytes"},
	{"host", "psi_cpu_some_pct", "%"},
	{"host", "psi_cpu_some_avg10_pct", "%"},
	{"host", "psi_memory_some_pct", "%"},
	{"host", "psi_memory_some_avg10_pct", "%"},
	{"host", "psi_memory_full_pct", "%"},
	{"host", "psi_io_some_pct", "%"},
	{"host", "psi_io_some_avg10_pct", "%"},
	{"host", "psi_io_full_pct", "%"},
	{"host", "disk_read_bytes_per_s", "bytes/s"},
	{"host", "disk_write_bytes_per_s", "bytes/s"},
	{"host", "disk_util_pct", "%"},
	{"host", "net_bytes_per_s", "bytes/s"},
	{"host", "net_loopback_bytes_per_s", "bytes/s"},
	{"host", "tcp_established", "connections"},
	{"host", "tcp_time_wait", "connections"},
	{"host", "tcp_retrans_per_s", "segments/s"},

	{"mysql", "questions_per_s", "statements/s"},
	{"mysql", "commits_per_s", "transactions/s"},
	{"mysql", "fsyncs_per_s", "fsyncs/s"},
	{"mysql", "log_fsyncs_per_s", "fsyncs/s"},
	{"mysql", "binlog_fsyncs_per_s", "fsyncs/s"},
	{"mysql", "row_lock_waits_per_s", "waits/s"},
	{"mysql", "row_lock_time_ms_per_s", "ms/s"},
	{"mysql", "row_lock_waiting", "transactions"},
	{"mysql", "threads_running", "threads"},
	{"mysql", "threads_connected", "connections"},
	{"mysql", "buffer_pool_hit_pct", "%"},
	{"mysql", "buffer_pool_dirty_pages", "pages"},

	{"kafka", "lag_messages", "messages"},
	{"kafka", "lag_s", "s"},
	{"kafka", "lag_max_partition", "messages"},
	{"kafka", "produced_per_s", "messages/s"},
	{"kafka", "consumed_per_s", "messages/s"},
	{"kafka", "dead_letters", "messages"},

	{"work", "open", "payments"},
	{"work", "review", "payments"},
	{"work", "oldest_open_s", "s"},
	{"work", "outbox_unsent", "rows"},
	{"work", "outbox_oldest_s", "s"},
	{"work", "callbacks_pending", "callbacks"},

	{"monitor", "late_sources", "sources"},
	{"monitor", "failed_sources", "sources"},
}

// units is the header's.
func units() map[string]string {
	all := map[string]string{}
	for _, m := range catalogue {
		all[m.name] = m.unit
	}
	return all
}
