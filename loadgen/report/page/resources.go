package page

import "slices"

// The charts of what the monitor saw. A chart without a line is left out.

const mib = 1.0 / (1 << 20)

func (w *watched) groups() []group {
	return []group{
		{"Resources by process", w.charts(
			picture{"cpu", "CPU by process", "cores", w.of("cpu_cores", 1)},
			picture{"memory", "Resident memory by process", "MiB", w.of("rss_bytes", mib)},
			picture{"goroutines", "Goroutines", "", w.of("goroutines", 1)},
			picture{"fds", "File descriptors", "", w.of("fds", 1)},
			picture{"threads", "Threads", "", w.of("threads", 1)},
			picture{"heap", "Go heap", "MiB", w.of("heap_bytes", mib)},
			picture{"gc", "Time stopped by the garbage collector, of a second", "ms", w.of("gc_pause_s", 1000)},
			picture{"disk", "Written to disk by process", "MiB/s", w.of("disk_write_bytes_per_s", mib, "host")},
		)},
		{"Host", w.charts(
			picture{"host-cpu", "CPU of the machine", "cores", slices.Concat(
				w.one("host/cpu_user_cores", "user", 1), w.one("host/cpu_system_cores", "system", 1),
				w.one("host/cpu_iowait_cores", "waits for disk", 1), w.one("host/cpu_steal_cores", "stolen by the hypervisor", 1), w.one("host/cpu_idle_cores", "idle", 1))},
			picture{"pressure", "Pressure: part of a second in which something waited", "%", slices.Concat(
				w.one("host/psi_cpu_some_pct", "for a CPU", 1), w.one("host/psi_io_some_pct", "for the disk", 1), w.one("host/psi_memory_some_pct", "for memory", 1))},
			picture{"host-disk", "Disk", "MiB/s", slices.Concat(w.one("host/disk_write_bytes_per_s", "written", mib), w.one("host/disk_read_bytes_per_s", "read", mib))},
			picture{"disk-util", "Disk in use", "%", w.one("host/disk_util_pct", "of the time", 1)},
			picture{"tcp", "TCP connections", "", slices.Concat(w.one("host/tcp_established", "established", 1), w.one("host/tcp_time_wait", "TIME_WAIT", 1))},
			picture{"retrans", "TCP segments sent again", "/s", w.one("host/tcp_retrans_per_s", "sent again", 1)},
			picture{"available", "Memory available", "MiB", w.one("host/mem_available_bytes", "available", mib)},
		)},
		{"MySQL", w.charts(
			picture{"commits", "Commits and fsyncs a second", "/s", slices.Concat(
				w.one("mysql/commits_per_s", "commits", 1), w.one("mysql/log_fsyncs_per_s", "fsyncs of the redo log", 1), w.one("mysql/binlog_fsyncs_per_s", "fsyncs of the binary log", 1), w.one("mysql/fsyncs_per_s", "all fsyncs of InnoDB", 1))},
			picture{"locks", "Waits for row locks", "/s", w.one("mysql/row_lock_waits_per_s", "waits", 1)},
			picture{"lock-time", "Time waited for row locks, of a second", "ms", w.one("mysql/row_lock_time_ms_per_s", "waited", 1)},
			picture{"db-threads", "Threads", "", slices.Concat(w.one("mysql/threads_running", "running", 1), w.one("mysql/threads_connected", "connected", 1))},
			picture{"questions", "Statements a second", "/s", w.one("mysql/questions_per_s", "statements", 1)},
			picture{"pool", "Buffer pool: pages that are dirty", "", w.one("mysql/buffer_pool_dirty_pages", "dirty", 1)},
			picture{"pool-hit", "Buffer pool: reads from memory", "%", w.one("mysql/buffer_pool_hit_pct", "from memory", 1)},
			picture{"batch", "Payments that share a commit", "", w.of("commit_batch", 1)},
			picture{"commit", "Time of a commit, mean of a second", "ms", w.of("commit_s", 1000)},
		)},
		{"Pools and breakers", w.charts(
			picture{"means-wait", "Wait for a place at the payment means, mean of a second", "ms", w.of("pool_wait_s", 1000)},
			picture{"db-wait", "Wait for a database connection, mean of a second", "ms", w.of("db_wait_s", 1000)},
			picture{"means-flight", "Calls to the means on their way", "", w.of("means_in_flight", 1)},
			picture{"breaker", "Breakers that are open", "", w.of("breaker_open", 1)},
		)},
	}
}

// async are the charts that belong to the asynchronous path.
func (w *watched) async() []chart {
	return w.charts(
		picture{"lag", "Kafka: messages not worked on yet", "messages", slices.Concat(w.one("kafka/lag_messages", "all partitions", 1), w.one("kafka/lag_max_partition", "the worst partition", 1))},
		picture{"lag-time", "Kafka: age of the oldest message not worked on", "s", w.one("kafka/lag_s", "age", 1)},
		picture{"work", "Open work in the database", "", slices.Concat(
			w.one("work/open", "payments and cancellations", 1), w.one("work/outbox_unsent", "unsent messages", 1), w.one("work/callbacks_pending", "callbacks", 1), w.one("work/review", "waiting for a person", 1))},
		picture{"work-age", "Age of the oldest open work in the database", "s", slices.Concat(w.one("work/oldest_open_s", "payment", 1), w.one("work/outbox_oldest_s", "unsent message", 1))},
	)
}

// picture is a chart over the monitor's time.
type picture struct {
	id, title, unit string
	lines           []line
}

func (w *watched) charts(pictures ...picture) (charts []chart) {
	for _, p := range pictures {
		if len(p.lines) > 0 {
			charts = append(charts, chart{ID: p.id, Title: p.title, Unit: p.unit, X: w.x, Series: p.lines})
		}
	}
	return charts
}
