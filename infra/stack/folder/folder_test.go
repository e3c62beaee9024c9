package folder_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"gazua.example/infra/stack/folder"
)

func TestFind_GoesUpToTheWorkspace(t *testing.T) {
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	deep := filepath.Join(root, "module", "room")
	if err := os.MkdirAll(deep, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "go.work"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Chdir(deep)
	t.Setenv("STACK_DIR", "")
	if got, err := folder.Find(); err != nil || got != folder.Folder(filepath.Join(root, ".stack")) {
		t.Errorf("%s %v", got, err)
	}
	t.Setenv("STACK_DIR", "other")
	if got, err := folder.Find(); err != nil || got != folder.Folder(filepath.Join(deep, "other")) {
		t.Errorf("%s %v", got, err)
	}
}

func TestMakeAndRemove_LeaveForeignFoldersAlone(t *testing.T) {
	foreign := folder.Folder(t.TempDir())
	precious := filepath.Join(string(foreign), "precious")
	if err := os.WriteFile(precious, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := foreign.Make(); err == nil {
		t.Error("Make mixed with a person's files")
	}
	if err := foreign.Remove(); err == nil {
		t.Error("Remove did not refuse")
	}
	if _, err := os.Stat(precious); err != nil {
		t.Error(err)
	}
	own := folder.Folder(filepath.Join(t.TempDir(), ".stack"))
	if err := own.Make(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(own.Secrets()); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("secrets' folder: %v %v", info, err)
	}
	if err := own.Remove(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(string(own)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
}

func TestLock_OneAfterTheOther(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	unlock, err := folder.Lock(t.Context(), path, "first", nil)
	if err != nil {
		t.Fatal(err)
	}
	var holder string
	ctx, cancel := context.WithTimeout(t.Context(), 250*time.Millisecond)
	defer cancel()
	if _, err := folder.Lock(ctx, path, "second", func(h string) { holder = h }); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("second: %v, want the end of its patience", err)
	}
	if holder == "" {
		t.Error("the one who waits was not told who holds the lock")
	}
	unlock()
	again, err := folder.Lock(t.Context(), path, "third", nil)
	if err != nil {
		t.Fatal(err)
	}
	again()
}
