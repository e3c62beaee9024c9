package verify

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// manifest is what the folder of an archived day says of itself.
type manifest struct {
	Schema string          `json:"schema"`
	Day    string          `json:"day"`
	First  uint64          `json:"first_id,string"`
	Until  uint64          `json:"until_id,string"`
	Tables []manifestTable `json:"tables"`
}

type manifestTable struct {
	Name   string `json:"table"`
	File   string `json:"file"`
	Rows   int64  `json:"rows"`
	SHA256 string `json:"sha256"` // of the file
}

const (
	manifestSchema = "gazua.archive/1"
	maxManifest    = 1 << 20
)

// decodeManifest reads one, and says what is wrong with it.
func decodeManifest(text []byte) (m manifest, err error) {
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("it is no JSON of a manifest: %w", err)
	}
	if m.Schema != manifestSchema {
		return m, fmt.Errorf("its schema is %.40q; %s is known", m.Schema, manifestSchema)
	}
	for _, t := range m.Tables {
		if t.File != filepath.Base(t.File) || !filepath.IsLocal(t.File) {
			return m, fmt.Errorf("its file %.80q is not one of its folder", t.File)
		}
	}
	return m, nil
}

// readExports judges the days that left since the start.
func (j *retentionJudge) readExports() error {
	var since []*archivedDay
	for i := range j.archived {
		if of := &j.archived[i]; of.left() && !j.leftBefore(of) {
			since = append(since, of)
		}
	}
	j.figures.Archived = len(since)
	if len(since) == 0 {
		return nil
	}
	if folder, err := os.Stat(j.folder); j.folder == "" || errors.Is(err, fs.ErrNotExist) || err == nil && !folder.IsDir() {
		j.figures.NotChecked = fmt.Sprintf("the exports of %d days: the folder %q (ARCHIVE_DIR) is not on this machine", len(since), j.folder)
		return nil
	}
	for _, of := range since {
		j.verdict.check(14, 1)
		if err := j.readExport(of); err != nil {
			return fmt.Errorf("read the export of %s in %s (ARCHIVE_DIR): %w", of.day, j.folder, err)
		}
	}
	return nil
}

// leftBefore says that the day was archived when the run started.
func (j *retentionJudge) leftBefore(of *archivedDay) bool {
	return slices.ContainsFunc(j.census.Days, func(d CensusDay) bool { return d.Left && d.Until == of.until })
}

// readExport judges one. What is wrong with it is a violation; an error means that it could not be read.
func (j *retentionJudge) readExport(of *archivedDay) error {
	folder := filepath.Join(j.folder, of.name())
	text, err := readBounded(filepath.Join(folder, "manifest.json"), maxManifest)
	if errors.Is(err, fs.ErrNotExist) {
		j.violated("%s was archived, and its export is not there: %s has no manifest.json", of.day, folder)
		return nil
	}
	if err != nil {
		return err
	}
	m, err := decodeManifest(text)
	switch sum := sha256.Sum256(text); {
	case err != nil:
		j.violated("the manifest of %s: %v", of.day, err)
		return nil
	case hex.EncodeToString(sum[:]) != of.sha256:
		j.violated("the manifest of %s has the SHA-256 %x, and archive_day says %s", of.day, sum, of.sha256)
	case m.Day != of.day || m.First != of.first || m.Until != of.until:
		j.violated("the manifest of %s is of %s, ids from %d to %d; archive_day says %d to %d", of.day, m.Day, m.First, m.Until, of.first, of.until)
	}
	j.figures.Exports++
	for _, t := range tables {
		i := slices.IndexFunc(m.Tables, func(e manifestTable) bool { return e.Name == t.name })
		if i < 0 {
			j.violated("the manifest of %s has no table %s", of.day, t.name)
			continue
		}
		e := &export{judge: j, of: of, table: t, sums: map[total]sums{}, sought: j.sought[of.day]}
		sum, err := e.read(filepath.Join(folder, m.Tables[i].File))
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errDamaged) {
			j.violated("the export of %s of %s: %v", t.name, of.day, err)
			continue
		}
		if err != nil {
			return err
		}
		e.judgeWhole(m.Tables[i].Rows, m.Tables[i].SHA256, sum)
	}
	return nil
}

func readBounded(path string, bound int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, bound+1))
	if err == nil && int64(len(text)) > bound {
		err = fmt.Errorf("%s is over %d bytes", path, bound)
	}
	return text, err
}
