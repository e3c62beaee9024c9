package drill

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"
)

// Payments 10 ms apart, refused until 5 s, served well from then on; the break is at 2 s, healed at 4 s.
func TestServed_WaitsUntilAllHaveBeenServedWellForAWhile(t *testing.T) {
	var lines []string
	for n := range 1000 {
		at, status, end := n*10_000, 201, n*10_000+300_000
		if at > 2_000_000 && at <= 5_000_000 { // the first of them comes at 2.01 s
			status, end = 503, at+9_000_000
		}
		lines = append(lines, fmt.Sprintf(`{"k":"p","n":%d,"at":%d}`, n, at))
		if at+300_000 <= 9_000_000 { // the later ones are on their way
			lines = append(lines, fmt.Sprintf(`{"k":"a","n":%d,"s":%d,"d":%d,"st":%d}`, n, at, at+300_000, status))
		}
		if end <= 9_000_000 {
			lines = append(lines, fmt.Sprintf(`{"k":"f","n":%d,"at":%d,"b":"PAID"}`, n, end))
		}
	}
	s := scene(t, 1)
	s.folder = filepath.Dir(journal(t, lines...))
	for now, served := range map[time.Duration]bool{1900 * time.Millisecond: false, 2100 * time.Millisecond: true, 4 * time.Second: false, 7100 * time.Millisecond: true} {
		if err := s.servedBy(now); (err == nil) != served || len(s.breaks) > 0 {
			t.Errorf("before anything is broken, at %s: %v, %v", now, err, s.breaks)
		}
	}
	s.breaks = []Break{{What: "one", At: 2 * time.Second, Healed: 4 * time.Second}}
	for now, served := range map[time.Duration]bool{5500 * time.Millisecond: false, 6900 * time.Millisecond: false, 7100 * time.Millisecond: true, 9 * time.Second: true} {
		if err := s.servedBy(now); (err == nil) != served {
			t.Errorf("at %s: %v", now, err)
		}
	}
	s.breaks[0].Healed = 8 * time.Second
	if err := s.servedBy(9 * time.Second); err == nil {
		t.Error("it has only just been healed")
	}
	s.breaks[0].Healed, s.drill.Answer = 4*time.Second, 3*time.Second
	if err := s.servedBy(8500 * time.Millisecond); err == nil {
		t.Error("answers may take 3 s, and it is not 4 s ago that one was not good")
	}
	if err := s.servedBy(9200 * time.Millisecond); err != nil {
		t.Error(err)
	}
}
