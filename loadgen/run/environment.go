package run

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"gazua.example/infra/stack/topology"
	"gazua.example/loadgen/census"
	"gazua.example/loadgen/internal/machine"
	"gazua.example/loadgen/report"
)

// What a run ran on. Nothing in here can keep a run from running: what this machine does not tell is left out.

func host(bedCPUs, dsn string) report.Host {
	here := machine.Here()
	h := report.Host{
		Name: here.Name, OS: runtime.GOOS + "/" + runtime.GOARCH, Cores: here.Cores, BedCPUs: bedCPUs,
		CPU: here.CPU, Kernel: here.Kernel, Memory: here.Memory, Versions: map[string]string{"go": here.Go},
	}
	h.Commit, h.Modified = commit()
	if sum := fileHash("/proc/self/exe"); sum != "" {
		h.Versions["loadgen"] = "sha256:" + sum
	}
	if version := mysqlVersion(dsn); version != "" {
		h.Versions["mysql"] = version
	}
	return h
}

// commit of the work tree, and whether it has changes. Without git, or outside a work tree, there is none.
func commit() (name string, modified bool) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "git", "rev-parse", "--short=12", "HEAD").Output()
	if err != nil {
		return "", false
	}
	changes, err := exec.CommandContext(ctx, "git", "status", "--porcelain", "--untracked-files=no").Output()
	return strings.TrimSpace(string(out)), err == nil && len(changes) > 0
}

func mysqlVersion(dsn string) (version string) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	db, err := sql.Open("mysql", dsn) // the driver is the verifier's
	if err != nil {
		return ""
	}
	defer db.Close()
	_ = db.QueryRowContext(ctx, "SELECT VERSION()").Scan(&version)
	return version
}

// processes are those of the stack that run on this machine, with the settings that tell two stacks apart.
func processes(runDir string) (found []report.Process) {
	recorded, err := census.Stack{RunDir: runDir}.Processes()
	if err != nil {
		return nil
	}
	hashes := map[string]string{} // by the program's file: two instances are one file
	for _, p := range recorded {
		if !p.Alive() {
			continue
		}
		folder := filepath.Join("/proc", strconv.Itoa(p.PID))
		program, _ := os.Readlink(filepath.Join(folder, "exe"))
		if _, known := hashes[program]; !known && !strings.HasPrefix(filepath.Base(program), "ld-") { // a loader tells nothing
			hashes[program] = fileHash(filepath.Join(folder, "exe"))
		}
		found = append(found, report.Process{
			Name: p.Name, PID: p.PID, Started: p.StartedAt, SHA256: hashes[program],
			CPUs: machine.ValueOf(filepath.Join(folder, "status"), "Cpus_allowed_list"), Settings: settings(folder),
		})
	}
	return found
}

// settings are the variables of a process that whoever starts the stack may set. No other is read: they hold passwords.
func settings(folder string) map[string]string {
	environment, _ := os.ReadFile(filepath.Join(folder, "environ"))
	told, chosen := topology.PassThrough(), map[string]string{}
	for variable := range strings.SplitSeq(string(environment), "\x00") {
		if name, value, ok := strings.Cut(variable, "="); ok && slices.Contains(told, name) {
			chosen[name] = value
		}
	}
	return chosen
}

func fileHash(path string) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return ""
	}
	return hex.EncodeToString(hash.Sum(nil))
}
