package payment

// Fit makes a text from outside what our columns take, at most so many printable ASCII characters: a payment must not stay
// open for ever because what was said about it cannot be stored.
func Fit(text string, most int) string {
	plain := make([]byte, 0, most)
	for _, c := range text {
		if len(plain) == most {
			break
		}
		if c < ' ' || c > '~' {
			c = '?'
		}
		plain = append(plain, byte(c))
	}
	return string(plain)
}
