//go:build !linux && !darwin

package mirror

import "errors"

// freeSpace cannot tell on this platform: a download begins whatever is free, and the reserve is not
// kept. [ErrFull] still comes when the disk is full.
func freeSpace(string) (uint64, error) { return 0, errors.ErrUnsupported }
