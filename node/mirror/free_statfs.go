//go:build linux || darwin

package mirror

import "syscall"

// freeSpace returns how many bytes of the file system under path this user may still take.
func freeSpace(path string) (uint64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(path, &s); err != nil {
		return 0, err
	}
	return s.Bavail * uint64(s.Bsize), nil
}
