package httpapi

import (
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
)

// preferences is what RFC 7240's Prefer header asks for, as far as we know it. What is malformed or not known is ignored,
// as the RFC wants it; what was applied, Preference-Applied says.
type preferences struct {
	async bool          // respond-async
	wait  time.Duration // wait=N, whole seconds; 0: not asked for
}

// maxWait is the longest that a client is kept waiting; who wants more gets this, and is told.
const maxWait = 30

func preferencesOf(c *fiber.Ctx) (p preferences) {
	lines := c.Request().Header.PeekAll("Prefer")
	seen := map[string]bool{} // of a preference that stands twice the first counts
	for _, line := range lines {
		for rest := string(line); rest != ""; {
			var preference string
			preference, rest = cutUnquoted(rest, ',')
			preference, _ = cutUnquoted(preference, ';') // parameters: we know none
			name, value, _ := strings.Cut(preference, "=")
			name, value = strings.ToLower(strings.TrimSpace(name)), unquote(strings.TrimSpace(value))
			if seen[name] {
				continue
			}
			seen[name] = true
			switch name {
			case "respond-async":
				p.async = value == ""
			case "wait":
				p.wait = waitSeconds(value)
			}
		}
	}
	return p
}

// waitSeconds reads delta-seconds; 0 for what is none.
func waitSeconds(text string) time.Duration {
	seconds := 0
	for _, digit := range []byte(text) {
		if digit < '0' || digit > '9' {
			return 0
		}
		seconds = min(seconds*10+int(digit-'0'), maxWait)
	}
	return time.Duration(seconds) * time.Second
}

// cutUnquoted cuts at the first separator that stands in no quoted string. A quotation mark that is never closed is a
// character like any other.
func cutUnquoted(text string, separator byte) (before, after string) {
	closed := true
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == separator:
			return text[:i], text[i+1:]
		case text[i] == '"' && closed:
			end := endOfQuoted(text, i)
			if closed = end > 0; closed {
				i = end
			}
		}
	}
	return text, ""
}

// endOfQuoted is where the quoted string that begins at from ends, or 0.
func endOfQuoted(text string, from int) int {
	for i := from + 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return 0
}

func unquote(text string) string {
	if len(text) < 2 || text[0] != '"' || text[len(text)-1] != '"' {
		return text
	}
	return strings.TrimSpace(text[1 : len(text)-1]) // what we know holds no escapes
}
