package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"gazua.example/infra/config"
	"gazua.example/loadgen/census"
)

// Stack is where the parts of the system are. Each may be on a machine of its own.
type Stack struct {
	Target        string
	PG            string // where payments go
	PGAdmin       string
	MySQL         string
	Kafka         string // brokers, comma-separated; "" only in tests: the messages are not verified
	Archive       string // folder where the system archives days, "" when it is not on this machine
	MerchantsFile string
	Callbacks     string // where the merchants' callbacks come: host:port
	Logs          string // folder with the processes' logs, "" when it is not on this machine
	RunDir        string // folder with the processes' records, the same
	BedCPUs       string // that the generator is bound to, "" for all
}

// ReadStack takes the addresses from the environment, and what is not set there from the stack's file, which `stack up`
// writes.
func ReadStack(file string, environment func(string) (string, bool)) (Stack, error) {
	written, err := census.Variables(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Stack{}, fmt.Errorf("read the stack's file %s: %w", file, err)
	}
	missing := err != nil
	knobs := Knobs(func(name string) (string, bool) {
		if value, ok := environment(name); ok && value != "" {
			return value, true
		}
		value, ok := written[name]
		return value, ok
	})
	s := Stack{
		Target:        knobs.String("TARGET", "http://127.0.0.1:18080", targetHelp),
		PG:            knobs.String("PG_URL", "http://127.0.0.1:18085", pgHelp),
		PGAdmin:       knobs.String("PG_ADMIN", "http://127.0.0.1:18185", pgAdminHelp),
		MySQL:         knobs.Secret("MYSQL_DSN", mysqlHelp),
		Kafka:         knobs.String("KAFKA_BROKERS", "127.0.0.1:19092", kafkaHelp),
		Archive:       knobs.String("ARCHIVE_DIR", "", archiveHelp),
		MerchantsFile: knobs.String("MERCHANTS_FILE", filepath.Join(filepath.Dir(file), "secrets", "merchants.json"), merchantsHelp),
		Callbacks:     knobs.String("CALLBACK_LISTEN", "127.0.0.1:18090", callbackHelp),
		RunDir:        knobs.String("RUN_DIR", "", runDirHelp),
		BedCPUs:       knobs.String("BED_CPUS", "", bedHelp),
	}
	if err := knobs.Err(); err != nil {
		if missing {
			return Stack{}, fmt.Errorf("there is no stack: %s does not exist, and MYSQL_DSN is not set. `make up` brings one up; --stack names another", file)
		}
		return Stack{}, err
	}
	if logs := filepath.Join(filepath.Dir(file), "logs"); !missing && isFolder(logs) {
		s.Logs = logs
	}
	if records := filepath.Join(filepath.Dir(file), "run"); s.RunDir == "" && !missing && isFolder(records) {
		s.RunDir = records // a file of an older stack does not name it
	}
	return s, nil
}

// The lines of help of the environment.
const (
	targetHelp    = "address of the payment API"
	pgHelp        = "address of the mock PG, whose statements are verified"
	pgAdminHelp   = "admin address of the mock PG, whose book is verified"
	mysqlHelp     = "verifier's user at the payment database, user:password@tcp(host:port)/payment"
	kafkaHelp     = "Kafka, whose messages are verified: host:port, comma-separated"
	archiveHelp   = "folder where the workers archive old days, when it is on this machine: their exports are verified"
	merchantsHelp = "merchants with their API keys and webhook secrets, as the stack wrote them"
	runDirHelp    = "folder where the stack keeps the records of its processes, when it is on this machine"
	bedHelp       = "CPUs to run on, as in 0-1,3; monitor included (default: all)"
	callbackHelp  = "address to listen at for the merchants' callbacks; the stack's PORT_CALLBACKS says where they are sent"
)

// Knobs is the set of the environment's variables.
func Knobs(lookup func(string) (string, bool)) *config.Set {
	return config.New("loadgen", "What is set in the environment goes before the stack's file (--stack), which has the same names.", lookup)
}

// readMerchants reads the merchants' file and keeps as many as the scenario wants.
func readMerchants(path string, count int) ([]Merchant, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the merchants (MERCHANTS_FILE names the file): %w", err)
	}
	var merchants []Merchant
	if err := json.Unmarshal(text, &merchants); err != nil {
		return nil, fmt.Errorf("read the merchants in %s: %w", path, err)
	}
	if len(merchants) < count {
		return nil, fmt.Errorf("the scenario wants %d merchants, and %s has %d", count, path, len(merchants))
	}
	for _, m := range merchants[:count] {
		if m.ID == 0 || m.Key == "" {
			return nil, fmt.Errorf("the merchant %q in %s has no id or no api_key", m.Name, path)
		}
	}
	return merchants[:count], nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// Help writes the environment's variables.
func Help(w io.Writer) {
	knobs := Knobs(func(string) (string, bool) { return "", false })
	knobs.String("TARGET", "http://127.0.0.1:18080", targetHelp)
	knobs.String("PG_URL", "http://127.0.0.1:18085", pgHelp)
	knobs.String("PG_ADMIN", "http://127.0.0.1:18185", pgAdminHelp)
	knobs.Secret("MYSQL_DSN", mysqlHelp)
	knobs.String("KAFKA_BROKERS", "127.0.0.1:19092", kafkaHelp)
	knobs.String("ARCHIVE_DIR", "", archiveHelp)
	knobs.String("MERCHANTS_FILE", "beside the stack's file: secrets/merchants.json", merchantsHelp)
	knobs.String("CALLBACK_LISTEN", "127.0.0.1:18090", callbackHelp)
	knobs.String("RUN_DIR", "", runDirHelp)
	knobs.String("BED_CPUS", "", bedHelp)
	knobs.Help(w)
}
