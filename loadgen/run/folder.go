package run

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// makeFolder makes the run's folder and lets `latest` point to it.
func makeFolder(runs, scenario string, now time.Time) (string, error) {
	base := filepath.Join(runs, now.UTC().Format("20060102-150405")+"-"+scenario)
	if err := os.MkdirAll(runs, 0o755); err != nil {
		return "", fmt.Errorf("make the folder of runs: %w", err)
	}
	folder := base
	for n := 2; ; n++ {
		err := os.Mkdir(folder, 0o755)
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrExist) || n > 100 {
			return "", fmt.Errorf("make the run's folder: %w", err)
		}
		folder = fmt.Sprintf("%s-%d", base, n) // another run began in this second
	}
	// Made beside and renamed over the old link: a reader always finds one.
	link := filepath.Join(runs, ".latest-"+filepath.Base(folder))
	if err := os.Symlink(filepath.Base(folder), link); err != nil {
		return "", fmt.Errorf("link the latest run: %w", err)
	}
	if err := os.Rename(link, filepath.Join(runs, "latest")); err != nil {
		return "", fmt.Errorf("link the latest run: %w", err)
	}
	return folder, nil
}

// maxLog bounds what is copied of one process's log; of a longer stretch the end is kept.
const maxLog = 8 << 20

// logMarks are the sizes of the log files when the run started.
type logMarks map[string]int64

func markLogs(folder string) logMarks {
	marks := logMarks{}
	for _, path := range logFiles(folder) {
		if info, err := os.Stat(path); err == nil {
			marks[path] = info.Size()
		}
	}
	return marks
}

// copyLogs copies what each log has gained since the marks into the run's folder.
func copyLogs(folder, to string, marks logMarks) error {
	var faults []error
	for _, path := range logFiles(folder) {
		if err := copyLog(path, filepath.Join(to, filepath.Base(path)), marks[path]); err != nil {
			faults = append(faults, fmt.Errorf("copy the log %s: %w", path, err))
		}
	}
	return errors.Join(faults...)
}

func copyLog(from, to string, start int64) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	info, err := source.Stat()
	if err != nil {
		return err
	}
	if info.Size() < start {
		start = 0 // it was begun anew meanwhile
	}
	if info.Size() == start {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	start = max(start, info.Size()-maxLog)
	target, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, io.NewSectionReader(source, start, info.Size()-start))
	return errors.Join(err, target.Close())
}

func logFiles(folder string) []string {
	if folder == "" {
		return nil
	}
	entries, _ := os.ReadDir(folder) // no folder, no logs
	var files []string
	for _, e := range entries {
		if e.Type().IsRegular() && !strings.HasPrefix(e.Name(), ".") {
			files = append(files, filepath.Join(folder, e.Name()))
		}
	}
	return files
}
