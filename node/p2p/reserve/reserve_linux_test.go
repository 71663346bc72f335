package reserve_test

import (
	"errors"
	"net"
	"strconv"
	"syscall"
	"testing"

	"github.com/crosslight/crosslight/node/p2p/reserve"
)

func TestReservedPortCanBeListenedOnAgainAndAgain(t *testing.T) {
	port, release, err := reserve.Port()
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	for range 3 {
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			t.Fatal(err)
		}
		near, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if far, err := l.Accept(); err != nil {
			t.Error(err)
		} else {
			far.Close()
		}
		near.Close()
		l.Close()
	}
}

// A socket may be told to choose among the ports of a range (IP_LOCAL_PORT_RANGE, Linux 6.3). With a range
// of the reserved port alone it has nothing left to choose from, to listen or to connect.
func TestReservedPortIsGivenToNobodyElse(t *testing.T) {
	sink, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	port, release, err := reserve.Port()
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	only := func(_, _ string, c syscall.RawConn) error {
		var set error
		if err := c.Control(func(fd uintptr) {
			set = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IP, ipLocalPortRange, port<<16|port)
		}); err != nil {
			return err
		}
		return set
	}
	listen := func() error {
		l, err := (&net.ListenConfig{Control: only}).Listen(t.Context(), "tcp4", "127.0.0.1:0")
		if err == nil {
			l.Close()
		}
		return err
	}
	dial := func() error {
		c, err := (&net.Dialer{Control: only}).DialContext(t.Context(), "tcp4", sink.Addr().String())
		if err == nil {
			c.Close()
		}
		return err
	}
	if err := listen(); errors.Is(err, syscall.ENOPROTOOPT) {
		t.Skip("this kernel has no IP_LOCAL_PORT_RANGE")
	} else if !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("a listener got the reserved port: %v", err)
	}
	if err := dial(); !errors.Is(err, syscall.EADDRNOTAVAIL) {
		t.Errorf("a connection got the reserved port: %v", err)
	}
	release()
	if err := listen(); err != nil {
		t.Errorf("a listener does not get the released port: %v", err)
	}
	if err := dial(); err != nil {
		t.Errorf("a connection does not get the released port: %v", err)
	}
}

const ipLocalPortRange = 51 // linux/in.h; package syscall has no name for it

func TestReleasedPortIsFree(t *testing.T) {
	port, release, err := reserve.Port()
	if err != nil {
		t.Fatal(err)
	}
	release()
	release()
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
}
