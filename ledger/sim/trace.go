package sim

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"os"
	"sync"
	"time"
)

// Trace is a digest of everything that happened, in order, with its time: two runs with equal traces
// went the same way.
type Trace struct {
	mu    sync.Mutex
	sum   hash.Hash
	lines int
	start time.Time
	file  *os.File
}

// NewTrace begins a trace now. path may be empty, or names a file for the lines themselves.
func NewTrace(path string) (*Trace, error) {
	t := &Trace{sum: sha256.New(), start: time.Now()}
	if path == "" {
		return t, nil
	}
	var err error
	t.file, err = os.Create(path)
	return t, err
}

// Add notes that something happened now.
func (t *Trace) Add(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	line := fmt.Sprintf("%12d ", time.Since(t.start).Microseconds()) + fmt.Sprintf(format, args...) + "\n"
	_, _ = t.sum.Write([]byte(line)) // a hash does not fail
	t.lines++
	if t.file != nil {
		_, _ = t.file.WriteString(line)
	}
}

// Sum is the digest so far, and of how many lines.
func (t *Trace) Sum() (string, int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return fmt.Sprintf("%x", t.sum.Sum(nil)[:16]), t.lines
}

// Close closes the file, if there is one.
func (t *Trace) Close() error {
	if t.file == nil {
		return nil
	}
	return t.file.Close()
}
