package record

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
)

// maxLine bounds a line of the journal; no text in it is longer than a few hundred bytes.
const maxLine = 64 << 10

// Read yields the entries of a journal in their order, and stops at the first error. A last line without its end is
// left out: the run that wrote it was killed there.
func Read(path string, each func(Entry) error) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open the journal: %w", err)
	}
	defer file.Close()
	lines := bufio.NewReaderSize(file, maxLine)
	for n := 1; ; n++ {
		line, err := lines.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			if n == 1 {
				return fmt.Errorf("the journal %s is empty", path)
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s, line %d: %w", path, n, err)
		}
		entry, err := Decode(line)
		if err != nil {
			return fmt.Errorf("%s, line %d: %w", path, n, err)
		}
		if (n == 1) != (entry.Kind == "h") {
			return fmt.Errorf("%s, line %d: the header must be the first line and only there", path, n)
		}
		if err := each(entry); err != nil {
			return err
		}
	}
}
