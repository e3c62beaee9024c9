package script

import (
	"fmt"
	"strings"
)

// The head of a token, up to its first `;`, is `gz1` or `gz1.<source>`. A source is the wallet or card account that the
// token stands for: balances are kept by it, and it picks the instance among several. It is 1 to 32 of a-z, 0-9 and -.

const maxSource = 32

// SourceOf is the source that a token names; empty when it names none, or is no token of ours.
func SourceOf(token string) string {
	head, _, _ := strings.Cut(token, ";")
	if !isHead(head) || checkHead(head) != nil {
		return ""
	}
	source, _ := cutSource(head)
	return source
}

// isHead tells the tokens of this version from those that have no script.
func isHead(head string) bool { return head == version || strings.HasPrefix(head, version+".") }

func checkHead(head string) error {
	source, named := strings.CutPrefix(head, version+".")
	if named && (source == "" || !isSource(source)) {
		return fmt.Errorf("token: %q: the source behind `%s.` is 1 to %d of a-z, 0-9 and -", head, version, maxSource)
	}
	return nil
}

// isSource admits the empty one: no source.
func isSource(text string) bool {
	for _, c := range []byte(text) {
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-') {
			return false
		}
	}
	return len(text) <= maxSource
}

// cutSource takes the source out of a token: `gz1.a;charge=ok` is the source a and the wishes `;charge=ok`. Tokens of other
// versions come back whole, so that they meet no script of this one.
func cutSource(token string) (source, wishes string) {
	head, _, _ := strings.Cut(token, ";")
	source, named := strings.CutPrefix(head, version+".")
	switch {
	case named && source != "":
		return source, token[len(head):]
	case head == version:
		return "", token[len(version):]
	}
	return "", token
}
