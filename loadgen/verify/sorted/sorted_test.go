package sorted

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"pgregory.net/rapid"
)

type pair struct{ key, value string }

func pairs(t interface{ Fatal(...any) }, s *Sort) (list []pair) {
	for r, err := range s.All() {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, pair{string(r.Key), string(r.Value)})
	}
	return list
}

// Keys of few letters collide often, and share long beginnings.
func anyPair(t *rapid.T, i int) pair {
	key := rapid.StringOfN(rapid.RuneFrom([]rune("a\x00b")), 0, 12, -1).Draw(t, "key")
	padding := rapid.IntRange(0, 40).Draw(t, "padding")
	if rapid.IntRange(0, 50).Draw(t, "large") == 0 {
		padding = 9_000
	}
	return pair{key, fmt.Sprint(i) + strings.Repeat("-", padding)}
}

func TestAll_AnyRecordsAndBudget_AreAStableSort(t *testing.T) {
	folder := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		space := NewSpace(folder, rapid.SampledFrom([]int{64, 300, 2_000, 20_000, 0}).Draw(t, "budget"))
		defer space.Close()
		s := NewSort(space, "pairs")
		var want []pair
		for i := range rapid.IntRange(0, 300).Draw(t, "records") {
			p := anyPair(t, i)
			want = append(want, p)
			if err := s.Add([]byte(p.key), []byte(p.value)); err != nil {
				t.Fatal(err)
			}
		}
		slices.SortStableFunc(want, func(a, b pair) int { return strings.Compare(a.key, b.key) })
		for range 2 { // it may be walked again
			if got := pairs(t, s); !slices.Equal(got, want) {
				t.Fatalf("got %q, want %q", got, want)
			}
		}
		if s.Len() != int64(len(want)) {
			t.Fatalf("%d records, of %d", s.Len(), len(want))
		}
	})
}

// filled is a sort that has spilled several runs.
func filled(t *testing.T, space *Space) *Sort {
	t.Helper()
	s := NewSort(space, "numbers")
	for i := range 1_000 {
		if err := s.Add(binary.BigEndian.AppendUint32(nil, uint32(i*7919%1_000)), bytes.Repeat([]byte{byte(i)}, 20)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Seal(); err != nil {
		t.Fatal(err)
	}
	if len(s.runs) < 3 || space.Written() == 0 {
		t.Fatalf("%d runs, %d bytes written: this test needs several", len(s.runs), space.Written())
	}
	return s
}

func TestAll_ReaderHasEnough_Stops(t *testing.T) {
	space := NewSpace(t.TempDir(), 4_000)
	defer space.Close()
	s, n := filled(t, space), 0
	for range s.All() {
		if n++; n == 5 {
			break
		}
	}
	if n != 5 || len(pairs(t, s)) != 1_000 {
		t.Errorf("walked %d, then %d", n, len(pairs(t, s)))
	}
}

// What is on disk must come back as it was written, or not at all.
func TestAll_DamagedRun_IsAnError(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, s *Sort){
		"short by a byte":       func(t *testing.T, s *Sort) { truncate(t, s, -1) },
		"short by a run":        func(t *testing.T, s *Sort) { truncate(t, s, -int(s.runs[len(s.runs)-1].size)) },
		"empty":                 func(t *testing.T, s *Sort) { truncate(t, s, -1<<40) },
		"another key":           func(t *testing.T, s *Sort) { overwrite(t, s, 5, 0xff) },
		"another value":         func(t *testing.T, s *Sort) { overwrite(t, s, s.runs[1].offset+20, 0xee) },
		"another length":        func(t *testing.T, s *Sort) { overwrite(t, s, 1, 21) },
		"a length none has":     func(t *testing.T, s *Sort) { overwrite(t, s, 0, 0xff) },
		"a record is cut out":   func(_ *testing.T, s *Sort) { s.runs[0].offset += 26; s.runs[0].size -= 26 },
		"a record more":         func(_ *testing.T, s *Sort) { s.runs[0].size += s.runs[1].size },
		"the file is closed":    func(_ *testing.T, s *Sort) { _ = s.file.Close() },
		"records are exchanged": exchange,
	} {
		space := NewSpace(t.TempDir(), 4_000)
		s := filled(t, space)
		damage(t, s)
		var last error
		n := 0
		for _, err := range s.All() {
			if last = err; err == nil {
				n++
			}
		}
		if last == nil {
			t.Errorf("%s: %d records and no error", name, n)
		}
		_ = space.Close() // one of them is closed already
	}
}

func truncate(t *testing.T, s *Sort, by int) {
	t.Helper()
	info, err := s.file.Stat()
	if err == nil {
		err = s.file.Truncate(max(0, info.Size()+int64(by)))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func overwrite(t *testing.T, s *Sort, at int64, with byte) {
	t.Helper()
	if _, err := s.file.WriteAt([]byte{with}, at); err != nil {
		t.Fatal(err)
	}
}

// exchange swaps two frames of the same length.
func exchange(t *testing.T, s *Sort) {
	t.Helper()
	const frame = 2 + 4 + 20
	two := make([]byte, 2*frame)
	if _, err := s.file.ReadAt(two, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := s.file.WriteAt(append(slices.Clone(two[frame:]), two[:frame]...), 0); err != nil {
		t.Fatal(err)
	}
}

func TestSpace_NothingIsLeftInTheFolder(t *testing.T) {
	folder := t.TempDir()
	space := NewSpace(folder, 4_000)
	s := filled(t, space)
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("while it sorts: %v, %v", left, err)
	}
	file := s.file
	if err := space.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := file.Stat(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("the file is still open, so the disk is still taken: %v", err)
	}
	other := NewSpace(folder, 4_000)
	defer other.Close()
	filled(t, other).Close()
	if len(other.files) != 0 {
		t.Errorf("a sort that was closed has left %d files open", len(other.files))
	}
}

func TestAdd_DiskFull_SaysSo(t *testing.T) {
	space := NewSpace("/the/run", 4_000)
	space.open = func(string) (*os.File, error) { return os.OpenFile("/dev/full", os.O_RDWR, 0) }
	defer space.Close()
	s := NewSort(space, "promises")
	var err error
	for i := 0; err == nil && i < 10_000; i++ {
		err = s.Add([]byte("key"), make([]byte, 100))
	}
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "sort promises: the disk of /the/run is full") {
		t.Errorf("error %v", err)
	}
}

func TestAdd_FolderThatIsNotThere_SaysSo(t *testing.T) {
	space := NewSpace(t.TempDir()+"/gone", 64)
	s := NewSort(space, "promises")
	err := s.Add([]byte("key"), make([]byte, 100))
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "sort promises") {
		t.Errorf("error %v", err)
	}
}

func TestAdd_BeyondTheBounds_IsRefused(t *testing.T) {
	space := NewSpace(t.TempDir(), 64)
	defer space.Close()
	if err := NewSort(space, "x").Add(nil, make([]byte, maxRecord+1)); err == nil {
		t.Error("a record above the bound was taken")
	}
	s := NewSort(space, "x")
	var err error
	for i := 0; err == nil && i <= maxRuns; i++ {
		err = s.Add(nil, make([]byte, 100))
	}
	if err == nil || !strings.Contains(err.Error(), "runs") {
		t.Errorf("more than %d runs: %v", maxRuns, err)
	}
}

func TestValues_ComeBackInOrder_AndADecodersErrorStops(t *testing.T) {
	space := NewSpace(t.TempDir(), 500)
	defer space.Close()
	codec := Codec[uint64]{
		Key:    func(to []byte, v *uint64) []byte { return binary.BigEndian.AppendUint64(to, *v/10) },
		Encode: func(to []byte, v *uint64) []byte { return binary.AppendUvarint(to, *v) },
		Decode: func(text []byte, v *uint64) error {
			n := 0
			if *v, n = binary.Uvarint(text); n != len(text) || *v == 55 {
				return errors.New("not a number of ours")
			}
			return nil
		},
	}
	read := func(numbers ...uint64) (list []uint64, last error) {
		values := NewValues(space, "numbers", codec)
		defer values.Close()
		for _, n := range numbers {
			if err := values.Add(&n); err != nil {
				t.Fatal(err)
			}
		}
		for v, err := range values.All() {
			if err != nil {
				return list, err
			}
			list = append(list, v)
		}
		return list, nil
	}
	if got, err := read(31, 12, 39, 4, 11, 30); err != nil || !slices.Equal(got, []uint64{4, 12, 11, 31, 39, 30}) {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := read(90, 55, 1); err == nil || !strings.Contains(err.Error(), "sort numbers") || len(got) != 1 {
		t.Errorf("%v, %v", got, err)
	}
}

func FuzzCut(f *testing.F) {
	f.Add([]byte{1, 2, 'k', 'v', 'v', 'x'})
	f.Add([]byte{0, 0})
	f.Add([]byte{3, 200, 1, 'a'})
	f.Add(bytes.Repeat([]byte{0xff}, 12))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, text []byte) {
		r, need, err := cut(text)
		switch {
		case errors.Is(err, errShort):
			if need <= len(text) {
				t.Fatalf("%x: it is short, and needs %d", text, need)
			}
		case err == nil:
			if need > len(text) || len(r.frame) != need || !bytes.HasSuffix(r.frame, append(slices.Clone(r.Key), r.Value...)) {
				t.Fatalf("%x: %+v, %d", text, r, need)
			}
			again, n, err := cut(r.frame)
			if err != nil || n != need || !bytes.Equal(again.Key, r.Key) || !bytes.Equal(again.Value, r.Value) {
				t.Fatalf("%x: cut again it is %+v, %v", text, again, err)
			}
		}
	})
}

func BenchmarkSort_AMillionRecordsOf100Bytes(b *testing.B) {
	for b.Loop() {
		space := NewSpace(b.TempDir(), 0)
		s := NewSort(space, "benchmark")
		value := make([]byte, 100)
		for i := range uint64(1_000_000) {
			if err := s.Add(binary.BigEndian.AppendUint64(nil, i*0x9e3779b97f4a7c15), value); err != nil {
				b.Fatal(err)
			}
		}
		n := 0
		for _, err := range s.All() {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if err := space.Close(); err != nil || n != 1_000_000 {
			b.Fatal(n, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1e6, "ns/record")
}
