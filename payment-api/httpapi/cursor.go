package httpapi

import (
	"encoding/base64"
	"encoding/binary"
	"errors"

	"gazua.example/payment-api/payment"
)

// A cursor says where the next page of a list begins: behind a payment. Clients get it from an answer and send it back as
// it is; what stands in it is ours to change, so it begins with a version.
//
//	base64url, without padding: 1 | id, 8 bytes, big endian
const (
	cursorVersion = 1
	cursorLen     = 12 // characters; with it there is one text for each cursor: Go's decoder skips line breaks
)

var (
	cursorCoding = base64.RawURLEncoding.Strict()
	errNoCursor  = errors.New("cursor is not one that we gave out; take next_cursor of the page before as it is")
)

func encodeCursor(after payment.ID) string {
	return cursorCoding.EncodeToString(binary.BigEndian.AppendUint64([]byte{cursorVersion}, uint64(after)))
}

func decodeCursor(text string) (payment.ID, error) {
	raw, err := cursorCoding.DecodeString(text)
	if err != nil || len(text) != cursorLen || len(raw) != 9 || raw[0] != cursorVersion {
		return 0, errNoCursor
	}
	id := binary.BigEndian.Uint64(raw[1:])
	if id>>63 != 0 {
		return 0, errNoCursor
	}
	return payment.ID(id), nil
}
