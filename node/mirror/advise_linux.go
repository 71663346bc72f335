package mirror

import (
	"os"
	"syscall"
)

// release gives the memory of bytes from to to of the region back to the system, which reads them again
// when they are needed: pages of a file that is mapped for reading are never lost. Whoever reads them at
// this moment only waits. What cannot be given back stays.
func (r *region) release(from, to int) {
	if r == nil {
		return
	}
	page := os.Getpagesize()
	from, to = from/page*page, min(to, len(r.data))
	if from < to {
		_ = syscall.Madvise(r.data[from:to], syscall.MADV_DONTNEED)
	}
}

// scattered says that single pages of the region will be read, far from one another: the system then
// does not bring in their neighbours.
func (r *region) scattered() {
	if r != nil && len(r.data) > 0 {
		_ = syscall.Madvise(r.data, syscall.MADV_RANDOM)
	}
}
