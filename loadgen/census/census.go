// Package census says which processes a stack consists of at this moment: their names, pids and admin addresses, from the
// stack's file and the records beside it. It asks no process anything; who measures does.
package census

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gazua.example/infra/stack/proc"
)

// Stack is where the parts of a stack are found. What is empty does not exist or is not known.
type Stack struct {
	RunDir  string   // folder of the processes' records, NAME.json each; empty: the processes are on other machines
	MySQL   string   // the verifier's DSN
	Brokers []string // host:port
}

// Process is one process of the stack as its record tells. It may have ended.
type Process struct {
	proc.Record
}

// most bounds the records that are read; a stack has some ten.
const most = 64

// Read takes the addresses from the environment, and what is not set there from the stack's file.
func Read(file string, environment func(string) (string, bool)) (Stack, error) {
	written, err := Variables(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Stack{}, fmt.Errorf("read the stack's file %s: %w", file, err)
	}
	value := func(name string) string {
		if v, ok := environment(name); ok && v != "" {
			return v
		}
		return written[name]
	}
	s := Stack{RunDir: value("RUN_DIR"), MySQL: value("MYSQL_DSN")}
	if beside := filepath.Join(filepath.Dir(file), "run"); s.RunDir == "" && isFolder(beside) {
		s.RunDir = beside
	}
	for _, broker := range strings.Split(value("KAFKA_BROKERS"), ",") {
		if broker = strings.TrimSpace(broker); broker != "" {
			s.Brokers = append(s.Brokers, broker)
		}
	}
	if err != nil && s.RunDir == "" && s.MySQL == "" && len(s.Brokers) == 0 {
		return Stack{}, fmt.Errorf("there is no stack: %s does not exist, and none of RUN_DIR, MYSQL_DSN and KAFKA_BROKERS is set. `make up` brings one up; --stack names another", file)
	}
	return s, nil
}

// Processes reads the records, in the order of their names. A file that is no record is passed over: the folder also
// holds the ports and generated configuration.
func (s Stack) Processes() ([]Process, error) {
	if s.RunDir == "" {
		return nil, nil
	}
	files, err := filepath.Glob(filepath.Join(s.RunDir, "*.json"))
	if err != nil {
		return nil, fmt.Errorf("look for the processes' records in %s: %w", s.RunDir, err)
	}
	slices.Sort(files)
	var found []Process
	for _, file := range files[:min(len(files), most)] {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		if r, err := proc.Load(s.RunDir, name); err == nil && r.Name == name && r.PID > 0 {
			found = append(found, Process{r})
		}
	}
	return found, nil
}

// Variables reads a stack's file: what it names, by name.
func Variables(path string) (map[string]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return decode(io.LimitReader(file, 1<<20))
}

// decode reads lines KEY=value; blank lines and # comments are passed over.
func decode(from io.Reader) (map[string]string, error) {
	values, lines := map[string]string{}, bufio.NewScanner(from)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok {
			return nil, fmt.Errorf("line %d is not KEY=value", n)
		}
		values[key] = value
	}
	return values, lines.Err()
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
