//go:build !linux

package mirror

// release leaves it to the system when mapped pages go.
func (r *region) release(int, int) {}

// scattered leaves it to the system what is read ahead.
func (r *region) scattered() {}
