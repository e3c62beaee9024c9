// Package plain reads the plain part of JSON: one object on a line, without blanks; whole numbers; texts of ASCII without
// escapes. That is nearly every line that this module reads, and many times as fast as encoding/json, which stays the judge
// of all others: a no from here does not mean that a line is wrong. What it takes, encoding/json takes for the same.
package plain

import (
	"bytes"
	"time"
)

// Scanner goes through a line. Every method says whether it found what it looks for; after a no, it is of no use any more.
type Scanner struct {
	text []byte
	at   int
}

// Object reads a line that is one object. field reads the value of the named field, and tells it by a bit of its own from the
// others: none may stand there twice.
func Object(line []byte, field func(s *Scanner, name string) (bit uint32, ok bool)) bool {
	s := Scanner{text: line}
	if !s.Take('{') {
		return false
	}
	for seen := uint32(0); ; {
		name, ok := s.plain()
		if !ok || !s.Take(':') {
			return false
		}
		bit, ok := field(&s, string(name))
		if !ok || seen&bit != 0 {
			return false
		}
		seen |= bit
		if !s.Take(',') {
			return s.Take('}') && s.ended()
		}
	}
}

// Take takes one byte.
func (s *Scanner) Take(c byte) bool {
	if s.at < len(s.text) && s.text[s.at] == c {
		s.at++
		return true
	}
	return false
}

// Is takes a text as it stands.
func (s *Scanner) Is(text string) bool {
	if len(s.text)-s.at < len(text) || string(s.text[s.at:s.at+len(text)]) != text {
		return false
	}
	s.at += len(text)
	return true
}

// Words are texts that come again and again, and need no string of their own.
type Words map[string]string

// WordList makes a list of them.
func WordList(list ...string) Words {
	words := Words{}
	for _, word := range list {
		words[word] = word
	}
	return words
}

// Text reads one; nil words are none.
func (s *Scanner) Text(to *string, words Words) bool {
	text, ok := s.plain()
	if known, found := words[string(text)]; found {
		*to = known
		return ok
	}
	*to = string(text)
	return ok
}

// maxDigits is what an int64 holds whatever the digits are.
const maxDigits = 18

// Number reads a whole one.
func (s *Scanner) Number(to *int64) bool {
	negative := s.Take('-')
	start, n := s.at, int64(0)
	for s.at < len(s.text) && s.text[s.at] >= '0' && s.text[s.at] <= '9' {
		if n = n*10 + int64(s.text[s.at]-'0'); s.at-start == maxDigits {
			return false
		}
		s.at++
	}
	digits := s.at - start
	if digits == 0 || s.text[start] == '0' && (digits > 1 || negative) {
		return false // 007 is none, and -0 is none where nothing may be below zero
	}
	if negative {
		n = -n
	}
	*to = n
	return true
}

// Integer reads a whole number.
func (s *Scanner) Integer(to *int) bool {
	var n int64
	ok := s.Number(&n)
	*to = int(n)
	return ok
}

// Unsigned reads a whole number that is not below zero.
func (s *Scanner) Unsigned(to *uint64) bool {
	var n int64
	ok := s.Number(&n)
	*to = uint64(n)
	return ok && n >= 0
}

// True reads true; a false is never written.
func (s *Scanner) True(to *bool) bool {
	*to = s.Is("true")
	return *to
}

// moment is how a time of UTC is written to the second; a fraction and a Z follow.
const moment = "2006-01-02T15:04:05"

// Time reads a time of UTC.
func (s *Scanner) Time(to *time.Time) bool {
	text, ok := s.plain()
	if !ok || len(text) <= len(moment) || text[len(text)-1] != 'Z' || text[len(moment)] != '.' && text[len(moment)] != 'Z' {
		return false
	}
	at, err := time.Parse(time.RFC3339Nano, string(text))
	*to = at
	return err == nil
}

// ended says that nothing follows but the end of the line.
func (s *Scanner) ended() bool {
	rest := s.text[s.at:]
	return len(rest) == 0 || len(rest) == 1 && rest[0] == '\n'
}

// plain is a text without escapes, in ASCII.
func (s *Scanner) plain() ([]byte, bool) {
	if !s.Take('"') {
		return nil, false
	}
	rest := s.text[s.at:]
	end := bytes.IndexByte(rest, '"')
	if end < 0 {
		return nil, false
	}
	for _, c := range rest[:end] {
		if c < ' ' || c > '~' || c == '\\' {
			return nil, false
		}
	}
	s.at += end + 1
	return rest[:end], true
}
