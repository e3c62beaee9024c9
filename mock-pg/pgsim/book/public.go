package book

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// WriteWithoutTokens sends the section to whoever asks for it. The file keeps tokens, since a script goes on after a
// crash; but a token is the handle of somebody's card, and no reader of the book needs it.
func (s *Section) WriteWithoutTokens(to io.Writer) error {
	buffered := bufio.NewWriterSize(to, 64<<10)
	for {
		line, err := s.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			return buffered.Flush()
		}
		if err != nil {
			return fmt.Errorf("read the book: %w", err)
		}
		head, tail := cutToken(line)
		_, _ = buffered.Write(head) // a writer that failed says so at Flush, too
		if _, err := buffered.Write(tail); err != nil {
			return err
		}
	}
}

// cutToken is the line without its token: what stands before it, and what stands behind. No text of the book holds a
// quote, so the first one ends the token, and no other text can look like the member's name.
func cutToken(line []byte) (head, tail []byte) {
	at := bytes.Index(line, []byte(tokenMember))
	if at < 0 {
		return line, nil
	}
	behind := line[at+len(tokenMember):]
	end := bytes.IndexByte(behind, '"')
	if end < 0 {
		return line[:at], nil // no line that Append wrote
	}
	return line[:at], behind[end+1:]
}
