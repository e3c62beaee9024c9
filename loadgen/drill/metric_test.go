package drill

import "testing"

const metricsPage = `# HELP db_client_operation_duration_seconds Statements.
db_client_operation_duration_seconds_count{db_operation_name="COMMIT",error_type="connection"} 3
db_client_operation_duration_seconds_count{db_operation_name="BATCH",error_type="connection"} 4
db_client_operation_duration_seconds_count{db_operation_name="BATCH"} 100
db_client_operation_duration_seconds_sum{db_operation_name="BATCH",error_type="connection"} 1e+02
gazua_outbox_full{x="y"} 1
`

func TestSumOf_AddsWhatBeginsAndHolds(t *testing.T) {
	for _, c := range []struct {
		series string
		texts  []string
		want   float64
	}{
		{"db_client_operation_duration_seconds_count", []string{`error_type="connection"`}, 7},
		{"db_client_operation_duration_seconds_count", nil, 107},
		{"db_client_operation_duration_seconds_sum", []string{`"BATCH"`, "connection"}, 100},
		{"gazua_outbox_full", nil, 1},
		{"gazua_rescues_total", nil, 0},
	} {
		if got := sumOf(metricsPage, c.series, c.texts...); got != c.want {
			t.Errorf("%s %q: %g, want %g", c.series, c.texts, got, c.want)
		}
	}
}
