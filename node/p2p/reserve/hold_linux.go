package reserve

import (
	"fmt"
	"sync"
	"syscall"
)

// hold binds a socket and leaves it at that. Linux then passes the port over when it chooses one, for a
// listener or for the near end of a connection, and lets a listener with SO_REUSEADDR, which Go always
// sets, bind it by number, since no socket listens on it yet.
func hold() (int, func(), error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, nil, err
	}
	release := sync.OnceFunc(func() { _ = syscall.Close(fd) })
	port, err := bind(fd)
	if err != nil {
		release()
		return 0, nil, err
	}
	return port, release, nil
}

func bind(fd int) (int, error) {
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		return 0, err
	}
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return 0, err
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		return 0, err
	}
	address, ok := name.(*syscall.SockaddrInet4)
	if !ok {
		return 0, fmt.Errorf("bound to %T", name)
	}
	return address.Port, nil
}
