package bench

import (
	"fmt"
	"runtime"
	"syscall"
	"time"
)

// selfCPU returns the processor time, user and system, that this process has used so far.
func selfCPU() (time.Duration, error) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0, fmt.Errorf("read this process's CPU time: %w", err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), nil
}

// measured runs f and returns the processor time that this process spent meanwhile.
func measured(f func() error) (time.Duration, error) {
	before, err := selfCPU()
	if err != nil {
		return 0, err
	}
	if err := f(); err != nil {
		return 0, err
	}
	after, err := selfCPU()
	return after - before, err
}

// maxRSS is the most memory that this process has had resident since it started, in bytes.
func maxRSS() (int64, error) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0, fmt.Errorf("read this process's memory: %w", err)
	}
	unit := int64(1024) // Linux counts KiB, Darwin bytes
	if runtime.GOOS == "darwin" {
		unit = 1
	}
	return usage.Maxrss * unit, nil
}
