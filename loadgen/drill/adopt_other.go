//go:build !linux

package drill

const adopts = false

func adopt() error { return nil }
