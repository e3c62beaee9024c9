package drill

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gazua.example/infra/stack/proc"
	"gazua.example/loadgen/internal/overlay"
)

// A machine's clock cannot be set for one process of it, so the drill builds APIs and workers whose own clock can be: with
// another time.Now in Go's standard library. All that such a process does goes by it: the ids that it makes, its log, what it
// signs. The monotonic clock is as it was, as on a machine whose clock is set.
//
//	drill ─► file of a process: seconds ahead ─(mmap)─► time.Now of that process, at once
var clockEdits = []overlay.Edit{
	{
		File: "GOROOT/src/time/time.go",
		Old:  "\t_ \"unsafe\" // for go:linkname\n",
		New:  "\t\"sync/atomic\"\n\t\"syscall\"\n\t\"unsafe\"\n",
	},
	{
		File: "GOROOT/src/time/time.go",
		Old:  "// Now returns the current local time.\nfunc Now() Time {\n\tsec, nsec, mono := runtimeNow()\n",
		New: `
// ahead is by how many seconds this process's clock is off; nil: there is no file.
var ahead = mapClock()

func mapClock() *int64 {
	folder, _ := syscall.Getenv("CLOCKS")
	name, _ := syscall.Getenv("INSTANCE")
	file, err := syscall.Open(folder+"/"+name, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer syscall.Close(file)
	page, err := syscall.Mmap(file, 0, 8, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil
	}
	return (*int64)(unsafe.Pointer(&page[0]))
}

// Now returns the current local time.
func Now() Time {
	sec, nsec, mono := runtimeNow()
	if ahead != nil {
		sec += atomic.LoadInt64(ahead)
	}
`,
	},
	{
		File: "infra/stack/topology/pass.go",
		Old:  `"LOG_LEVEL", "OTEL_EXPORTER_OTLP_ENDPOINT"`,
		New:  `"CLOCKS", "LOG_LEVEL", "OTEL_EXPORTER_OTLP_ENDPOINT"`,
	},
}

// clocks is a folder with a file a process.
type clocks string

// makeClocks makes them, all right, and tells the programs where they are.
func makeClocks(folder string, environment map[string]string) (clocks, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	environment["CLOCKS"] = folder
	c := clocks(folder)
	for _, name := range slices.Concat(apis, workers) {
		if err := c.set(name, 0); err != nil {
			return "", err
		}
	}
	return c, nil
}

// set writes in place: the process has this very file mapped.
func (c clocks) set(name string, ahead time.Duration) error {
	file, err := os.OpenFile(filepath.Join(string(c), name), os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return fmt.Errorf("set the clock of %s: %w", name, err)
	}
	defer file.Close()
	_, err = file.WriteAt(binary.NativeEndian.AppendUint64(nil, uint64(ahead/time.Second)), 0)
	return err
}

// Clock sets the clocks of these processes so far ahead of the machine's, in whole seconds; below zero: behind.
func (s *site) Clock(ahead time.Duration, names ...string) Act {
	return func(context.Context) error {
		for _, name := range names {
			if err := s.clocks.set(name, ahead); err != nil {
				return err
			}
		}
		return nil
	}
}

// ClockRefused passes when an API says that it cannot work because of its clock.
func (s *site) ClockRefused(api string) Act {
	return func(ctx context.Context) error {
		r, err := proc.Load(s.variables["RUN_DIR"], api)
		if err != nil {
			return err
		}
		status, body, err := ask(ctx, "http://"+r.Admin+"/readyz")
		if err == nil && (status != http.StatusServiceUnavailable || !strings.Contains(body, "clock")) {
			err = fmt.Errorf("%s answers %d: %s", api, status, strings.TrimSpace(body))
		}
		return err
	}
}

var (
	apis    = []string{"payment-api-1", "payment-api-2"}
	workers = []string{"payment-worker-1", "payment-worker-2"}
)
