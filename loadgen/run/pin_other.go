//go:build !linux

package run

import (
	"errors"
	"runtime"
)

// PinTo is Linux's alone.
func PinTo(string) error {
	return errors.New("BED_CPUS binds the generator to CPUs, which it can on Linux only: leave it unset")
}

func cores() int { return runtime.NumCPU() }
