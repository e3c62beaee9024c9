package fault

import (
	"fmt"
	"net/http"
	"strconv"
)

// Answer is an HTTP answer with a JSON body. Body is only valid until Spoil returns: a TakeOver copies what it needs.
type Answer struct {
	Status int
	Header []Field // besides the type and the length of the body
	Body   []byte
}

// Field is one line of a header.
type Field struct{ Name, Value string }

// noLength is the content length of an answer that names none, and ends where the connection ends.
const noLength = -1

// Wire is the answer as it would stand on the connection, for those who have taken it over and send all or a part of it.
// It says that the connection ends with it: whoever takes one over closes it.
func (a Answer) Wire() []byte { return append(a.wireHead(len(a.Body)), a.Body...) }

// wireHead is the answer up to its body, with a content length that may be wrong.
func (a Answer) wireHead(length int) []byte {
	head := fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nConnection: close\r\n", a.Status, http.StatusText(a.Status))
	for _, f := range a.Header {
		head = fmt.Appendf(head, "%s: %s\r\n", f.Name, f.Value)
	}
	if length != noLength {
		head = strconv.AppendInt(append(head, "Content-Length: "...), int64(length), 10)
		head = append(head, "\r\n"...)
	}
	return append(head, "\r\n"...)
}

// refuses is the body of an answer that is no result.
func refuses(message string) []byte {
	return fmt.Appendf(nil, `{"result":"error","message":%q}`, message)
}
