package mysqlproxy

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
)

// made is a packet.
func made(sequence int, payload string) []byte {
	n := len(payload)
	return append([]byte{byte(n), byte(n >> 8), byte(n >> 16), byte(sequence)}, payload...)
}

func joined(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func greeting(capabilities uint32) []byte {
	return made(1, string([]byte{byte(capabilities), byte(capabilities >> 8), byte(capabilities >> 16), byte(capabilities >> 24)})+"rest")
}

func TestCommits(t *testing.T) {
	for text, want := range map[string]bool{
		"COMMIT": true, "commit": true, " COMMIT ;\n": true, "INSERT INTO t VALUES (1);\nCOMMIT": true, "a;COMMIT;": true, "a ; \t\r\n Commit": true,
		"": false, ";": false, "COMMIT AND CHAIN": false, "ROLLBACK": false, "SELECT COMMIT": false, "xCOMMIT": false, "COMMIT; SELECT 1": false,
		"INSERT INTO t VALUES ('; COMMIT')": false, "OMMIT": false,
	} {
		if got := commits([]byte(text), true); got != want {
			t.Errorf("%q commits: %t", text, got)
		}
	}
	if commits([]byte("COMMIT"), false) {
		t.Error("the end of a longer text is taken for all of it")
	}
}

// hears counts the commits in what a client sends.
func hears(t testing.TB, from io.Reader) (s said, commits int, passed []byte) {
	t.Helper()
	for in := (&packets{from: from}); ; {
		p, err := in.next()
		if err != nil {
			return s, commits, passed
		}
		passed = append(passed, p...)
		if s.hear(p) {
			commits++
		}
	}
}

func TestSaid_OnlyQueriesCommit(t *testing.T) {
	hello := greeting(0)
	long := "\x03" + strings.Repeat("x", maxPayload-1)
	for name, c := range map[string]struct {
		sent    []byte
		commits int
	}{
		"a query":                         {joined(hello, made(0, "\x03COMMIT")), 1},
		"two":                             {joined(hello, made(0, "\x03COMMIT"), made(0, "\x03SELECT 1"), made(0, "\x03a;COMMIT")), 2},
		"authentication is no command":    {joined(hello, made(3, "\x03COMMIT")), 0},
		"the greeting is none":            {made(0, "\x03COMMIT"), 0},
		"another command":                 {joined(hello, made(0, "\x16COMMIT"), made(0, "\x02COMMIT"), made(0, "")), 0},
		"lines of a file":                 {joined(hello, made(0, "\x03LOAD DATA"), made(2, "COMMIT"), made(3, ";COMMIT")), 0},
		"query attributes, none":          {joined(greeting(queryAttributes), made(0, "\x03\x00\x01COMMIT")), 1},
		"query attributes, one":           {joined(greeting(queryAttributes), made(0, "\x03\x01\x01\x00\x01\xfe\x00\x04name\x05valueSELECT 1; COMMIT")), 1},
		"no attributes where none may be": {joined(hello, made(0, "\x03\x00\x01COMMIT")), 0},
		"two packets":                     {joined(hello, made(0, long), made(1, ";COMMIT")), 1},
		"split in the word":               {joined(hello, made(0, long[:maxPayload-5]+"x;COM"), made(1, "MIT")), 1},
		"exactly one packet":              {joined(hello, made(0, long[:maxPayload-7]+";COMMIT"), made(1, "")), 1},
		"the end of a long one is COMMIT": {joined(hello, made(0, long), made(1, "COMMIT")), 0},
		"a word far behind another":       {joined(hello, made(0, "\x03SELECT 1 AS"+strings.Repeat(" ", 2*maxTail)+"COMMIT")), 0},
		"the same, and then a real one":   {joined(hello, made(0, long), made(1, "COMMIT"), made(0, "\x03COMMIT")), 1},
		"it goes on after 255 packets":    {joined(hello, made(0, long), made(0, ";COMMIT"), made(1, "COMMIT")), 1},
		"a long one that is no query":     {joined(hello, made(0, "\x17"+long[1:]), made(1, ";COMMIT")), 0},
	} {
		if _, n, passed := hears(t, bytes.NewReader(c.sent)); n != c.commits || !bytes.Equal(passed, c.sent) {
			t.Errorf("%s: %d commits, want %d; %d bytes of %d", name, n, c.commits, len(passed), len(c.sent))
		}
	}
}

func TestPackets_EndInTheMiddle(t *testing.T) {
	whole := made(0, "\x03COMMIT")
	for n := range len(whole) {
		_, err := (&packets{from: bytes.NewReader(whole[:n])}).next()
		want := io.ErrUnexpectedEOF
		if n == 0 {
			want = io.EOF
		}
		if !errors.Is(err, want) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
	// A header that promises 16 MiB costs nothing until they come.
	in := &packets{from: strings.NewReader("\xff\xff\xff\x00x")}
	if _, err := in.next(); !errors.Is(err, io.ErrUnexpectedEOF) || cap(in.held) > 4*readSize {
		t.Errorf("%v, %d bytes held", err, cap(in.held))
	}
}

// FuzzSaid: whatever a client sends, every whole packet comes out as it came, however it was cut on the way, and the same
// queries commit as of a reader that keeps every text whole.
func FuzzSaid(f *testing.F) {
	hello := greeting(deprecateEOF)
	f.Add(joined(hello, made(0, "\x03COMMIT")))
	f.Add(joined(hello, made(0, "\x03START TRANSACTION;\nINSERT INTO t VALUES (1);\nCOMMIT"), made(0, "\x01")))
	f.Add(joined(greeting(queryAttributes), made(0, "\x03\x00\x01COMMIT ; ")))
	f.Add(joined(greeting(tls), []byte("\x16\x03\x01")))
	f.Add(joined(made(1, ""), made(0, ""), made(5, "\x03COMMIT")))
	f.Fuzz(func(t *testing.T, sent []byte) {
		s, n, passed := hears(t, bytes.NewReader(sent))
		if !bytes.HasPrefix(sent, passed) {
			t.Fatal("something else came out")
		}
		if _, again, slowly := hears(t, iotest.OneByteReader(bytes.NewReader(sent))); again != n || !bytes.Equal(slowly, passed) {
			t.Fatalf("byte by byte %d commits, else %d", again, n)
		}
		if want := plainly(passed, s.capabilities); n != want {
			t.Fatalf("%d commits, want %d", n, want)
		}
		if rest := sent[len(passed):]; len(rest) >= headerSize && len(rest) >= headerSize+lengthOf(rest) {
			t.Fatal("a whole packet was left")
		}
	})
}

var committing = regexp.MustCompile(`(?i)(^|;)[ \t\r\n]*COMMIT[ \t\r\n;]*$`)

// plainly counts commits in a short conversation, each packet by itself.
func plainly(sent []byte, capabilities uint32) (n int) {
	for first := true; len(sent) > 0; first = false {
		length := lengthOf(sent)
		p := sent[:headerSize+length]
		sent = sent[len(p):]
		if first || p[3] != 0 || length == 0 || p[4] != comQuery {
			continue
		}
		text := string(p[5:])
		if capabilities&queryAttributes != 0 && len(text) >= 2 && text[0] == 0 {
			text = text[2:]
		}
		if len(text) > maxTail {
			text = "x" + text[len(text)-maxTail:] // it does not begin with the word, whatever its end is
		}
		if committing.MatchString(text) {
			n++
		}
	}
	return n
}
