package dump

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// lookup gives what one goroutine's text is read as.
func lookup(t *testing.T, text string) goroutine {
	t.Helper()
	all, err := parse([]byte(text))
	if err != nil || len(all) != 1 {
		t.Fatalf("%q: %v %v", text, all, err)
	}
	return all[0]
}

const calls = "main.work(0x1)\n\t/src/main/work.go:7 +0x1d\ncreated by main.begin in goroutine 5\n\t/src/main/begin.go:3 +0x2f\n"

func TestParse_LabelsDoNotBecomeTheState(t *testing.T) {
	for header, want := range map[string]struct {
		state   string
		minutes int
	}{
		"goroutine 7 [select]:":                                                           {"select", 0},
		"goroutine 7 [select, 12 minutes, locked to thread]:":                             {"select", 12},
		`goroutine 7 [chan receive, 3 minutes labels:{"a": "b]:", "c, 9 minutes": "d"}]:`: {"chan receive", 3},
		`goroutine 7 [sync.Mutex.Lock labels:{"op": "charge"}]:`:                          {"sync.Mutex.Lock", 0},
	} {
		g := lookup(t, header+"\n"+calls)
		if g.id != 7 || g.state != want.state || g.minutes != want.minutes {
			t.Errorf("%s: %d [%s] %d min", header, g.id, g.state, g.minutes)
		}
	}
}

func TestParse_CreatorsNumberIsNoPartOfTheOrigin(t *testing.T) {
	text := "goroutine 7 [select]:\n" + calls + "\ngoroutine 8 [select]:\n" + strings.Replace(calls, "goroutine 5", "goroutine 6", 1)
	all, err := parse([]byte(text))
	if err != nil || len(all) != 2 {
		t.Fatalf("%v %v", all, err)
	}
	if groups := gather(all); len(groups) != 1 || all[0].createdBy.function != "main.begin" {
		t.Errorf("%d groups, created by %q", len(groups), all[0].createdBy.function)
	}
}

func TestWaitsFor(t *testing.T) {
	for want, text := range map[string]string{
		kindDatabase:               "goroutine 1 [select]:\ndatabase/sql.(*DB).conn(0x1)\n\t/go/sql.go:1\n",
		kindHTTP:                   "goroutine 1 [select]:\nnet/http.(*Transport).getConn(0x1)\n\t/go/transport.go:1\n",
		"answer of MySQL":          "goroutine 1 [IO wait]:\ninternal/poll.runtime_pollWait(0x1)\n\t/go/netpoll.go:1\ngithub.com/go-sql-driver/mysql.(*mysqlConn).readPacket(0x1)\n\t/go/packets.go:1\n",
		"next request of a client": "goroutine 1 [IO wait]:\ngithub.com/valyala/fasthttp.(*Server).serveConn(0x1)\n\t/go/server.go:1\n",
		"channel send":             "goroutine 1 [chan send]:\nmain.f(0x1)\n\t/go/f.go:1\n",
		"select":                   "goroutine 1 [select]:\nmain.f(0x1)\n\t/go/f.go:1\n",
	} {
		g := lookup(t, text)
		if kind, _ := g.waitsFor(); kind != want {
			t.Errorf("%q is taken for %q", want, kind)
		}
	}
}

func TestHolders_OfTheDatabasePool_AreThoseInAQuery(t *testing.T) {
	text := `goroutine 1 [select]:
database/sql.(*DB).conn(0x1)
	/go/sql.go:1
gazua.example/payment-api/mysql.(*Store).Find(0x1)
	/src/mysql/find.go:9

goroutine 2 [IO wait]:
github.com/go-sql-driver/mysql.(*mysqlConn).readPacket(0x1)
	/go/packets.go:1
database/sql.(*DB).queryDC(0x1)
	/go/sql.go:2
gazua.example/payment-api/mysql.(*Store).Slow(0x1)
	/src/mysql/slow.go:4

goroutine 3 [select]:
database/sql.(*DB).connectionOpener(0x1)
	/go/sql.go:3
`
	all, err := parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	found := waits(all)
	w := found[0]
	if w.Kind != kindDatabase || w.Suspicious == "" || len(w.Holders) != 1 || !strings.Contains(w.Holders[0].At, "(*Store).Slow mysql/slow.go:4") || !slices.Equal(w.Holders[0].Examples, []int{2}) {
		t.Errorf("%+v", found)
	}
}

func TestLockHolders_BeforeTheLockIsNotInside(t *testing.T) {
	text := `goroutine 1 [sync.Mutex.Lock]:
internal/sync.(*Mutex).lockSlow(0xc000)
	/go/mutex.go:149
sync.(*Mutex).Lock(...)
	/go/mutex.go:46
main.(*book).post(0xb000, 0x0)
	/src/main/book.go:16

goroutine 2 [IO wait]:
main.(*book).post(0xb000, 0x0)
	/src/main/book.go:12

goroutine 3 [IO wait]:
main.(*book).post(0xd000, 0x0)
	/src/main/book.go:20

goroutine 4 [IO wait]:
main.(*book).sum(0xb000)
	/src/main/book.go:40

goroutine 5 [sync.Mutex.Lock]:
internal/sync.(*Mutex).lockSlow(0xc000)
	/go/mutex.go:149
main.(*book).post(0xb000, 0x0)
	/src/main/book.go:16
main.(*book).end(0xb000)
	/src/main/book.go:60
`
	all, err := parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	h := lockHolders([]*goroutine{&all[0], &all[4]}, all)
	if len(h) != 1 || h[0].Examples[0] != 4 || h[0].Because != "it is in a method of the same object" {
		t.Errorf("%+v: 2 is before the lock, 3 has another book, 5 waits itself", h)
	}
}

func TestSuspicion_ClientsThatRestAreNone_ButManyBehindAChannelAre(t *testing.T) {
	for want, text := range map[string]string{
		"":                  "[IO wait]:\ngithub.com/valyala/fasthttp.(*Server).serveConn(0x1)\n\t/go/server.go:1\ngazua.example/mock-pg/pgsim.(*guest).Read(0x1)\n\t/src/guest.go:31\n",
		"nobody takes":      "[chan send]:\ngazua.example/payment-api/mysql.(*group[...]).do(0x1)\n\t/src/mysql/group.go:72\n",
		"over 100 goroutin": "[chan receive]:\ngazua.example/payment-api/mysql.(*group[...]).do(0x1)\n\t/src/mysql/group.go:76\n",
	} {
		var dump strings.Builder
		for id := range 200 {
			fmt.Fprintf(&dump, "goroutine %d %s\n", id+1, text)
		}
		dump.WriteString("goroutine 900 [IO wait]:\ngazua.example/payment-api/mysql.(*group[...]).commit(0x2)\n\t/src/mysql/group.go:95\n")
		all, err := parse([]byte(dump.String()))
		if err != nil {
			t.Fatal(err)
		}
		w := waits(all)[0]
		if w.Count != 200 || (want == "") != (w.Suspicious == "") || !strings.HasPrefix(w.Suspicious, want) {
			t.Errorf("%q: %+v", want, w)
		}
		if want != "" && (len(w.Holders) != 1 || w.Holders[0].Examples[0] != 900) {
			t.Errorf("%q: perhaps for %+v, want the committer", want, w.Holders)
		}
	}
}

func TestPlain_TypeArgumentsAreShort(t *testing.T) {
	if got := plain("a/b.(*group[go.shape.struct { X [32]uint8 },go.shape.int]).do"); got != "a/b.(*group[...]).do" {
		t.Error(got)
	}
}

func TestGrowing_OnlyWhatNeverShrank(t *testing.T) {
	of := func(counts map[string]int) (groups []group) {
		for key, n := range counts {
			if n == 0 {
				continue
			}
			g := group{key: key}
			for range n {
				g.members = append(g.members, &goroutine{state: key})
			}
			groups = append(groups, g)
		}
		return groups
	}
	found := growing([][]group{of(map[string]int{"leak": 1, "wave": 1, "new": 0, "few": 1, "burst": 1}), of(map[string]int{"leak": 5, "wave": 20, "new": 2, "few": 2, "burst": 1}), of(map[string]int{"leak": 9, "wave": 9, "new": 4, "few": 3, "burst": 9})})
	if len(found) != 2 || found[0].State != "leak" || !slices.Equal(found[0].Counts, []int{1, 5, 9}) || found[1].State != "new" {
		t.Errorf("%+v", found)
	}
	if growing([][]group{of(map[string]int{"leak": 9})}) != nil {
		t.Error("one dump shows no growth")
	}
}

func TestParse_DumpOfARealProgram(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no dumps to read: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all, err := parse(text)
		if want := strings.Count("\n"+string(text), "\ngoroutine "); err != nil || len(all) != want {
			t.Errorf("%s: %d goroutines, want %d: %v", file, len(all), want, err)
		}
		total := 0
		for _, g := range gather(all) {
			total += g.bucket().Count
		}
		waiting := 0
		for _, w := range waits(all) {
			waiting += w.Count
		}
		if total != len(all) || waiting != len(all) {
			t.Errorf("%s: %d goroutines, %d in buckets, %d in waits", file, len(all), total, waiting)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("goroutine 7 [chan receive, 3 minutes labels:{\"a\": \"b\"}]:\n" + calls))
	f.Add([]byte("goroutine 1 [sync.Mutex.Lock]:\ninternal/sync.(*Mutex).lockSlow(0xc000)\n\t/go/mutex.go:149\nmain.(*book).post({0x1, 0x2}, ...)\n\t/src/book.go:16\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		all, err := parse(text)
		if err != nil {
			return
		}
		total := 0
		for _, w := range waits(all) {
			total += w.Count
		}
		if total != len(all) {
			t.Fatalf("%d goroutines, %d in waits", len(all), total)
		}
		for _, g := range gather(all) {
			_ = g.bucket()
		}
	})
}

func FuzzSpots(f *testing.F) {
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, encoded []byte) {
		found, err := spots(encoded, "")
		if err == nil && len(found) > mostSpots {
			t.Fatalf("%d spots", len(found))
		}
	})
}
