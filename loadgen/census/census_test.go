package census

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gazua.example/infra/stack/proc"
)

func none(string) (string, bool) { return "", false }

func TestRead_EnvironmentBeforeTheFile_AndTheFolderBesideIt(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "stack.env")
	if err := os.WriteFile(file, []byte("# made by the stack\n\nMYSQL_DSN=v:p@tcp(a:1)/payment?x=y\nKAFKA_BROKERS=a:1, b:2,\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "run"), 0o755); err != nil {
		t.Fatal(err)
	}
	s, err := Read(file, none)
	if err != nil || s.MySQL != "v:p@tcp(a:1)/payment?x=y" || !slices.Equal(s.Brokers, []string{"a:1", "b:2"}) || s.RunDir != filepath.Join(dir, "run") {
		t.Errorf("%+v %v", s, err)
	}
	s, err = Read(file, func(name string) (string, bool) { return "elsewhere", name == "RUN_DIR" })
	if err != nil || s.RunDir != "elsewhere" || s.MySQL == "" {
		t.Errorf("%+v %v", s, err)
	}
}

func TestRead_NoStack_SaysWhatToDo(t *testing.T) {
	if _, err := Read(filepath.Join(t.TempDir(), "none.env"), none); err == nil || !strings.Contains(err.Error(), "make up") {
		t.Errorf("%v", err)
	}
	only := func(name string) (string, bool) { return "a:1", name == "KAFKA_BROKERS" }
	if s, err := Read(filepath.Join(t.TempDir(), "none.env"), only); err != nil || len(s.Brokers) != 1 || s.RunDir != "" {
		t.Errorf("%+v %v", s, err)
	}
}

func TestProcesses_OnlyRecords_InTheOrderOfNames(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"payment-api-2", "mysql", "payment-api-1"} {
		if err := (proc.Record{Name: name, PID: 77, Admin: "127.0.0.1:1"}).Save(dir); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{"ports.json": `{"PORT_MYSQL":1}`, "half.json": `{"na`, "other.json": `{"name":"another","pid":3}`, "haproxy.cfg": "x"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	processes, err := Stack{RunDir: dir}.Processes()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range processes {
		names = append(names, p.Name)
	}
	if !slices.Equal(names, []string{"mysql", "payment-api-1", "payment-api-2"}) || processes[1].Admin != "127.0.0.1:1" {
		t.Errorf("%v", names)
	}
	if none, err := (Stack{}).Processes(); err != nil || none != nil {
		t.Errorf("%v %v", none, err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("A=b\n# c\n\nD=e=f\n")
	f.Fuzz(func(t *testing.T, text string) {
		values, err := decode(strings.NewReader(text))
		if err == nil && len(values) > strings.Count(text, "\n")+1 {
			t.Fatalf("%d values of %q", len(values), text)
		}
	})
}
