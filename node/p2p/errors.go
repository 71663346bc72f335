package p2p

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
)

// The errors of this package. Each is wrapped with the peer that it concerns.
var (
	// ErrUnreachable reports a peer that could not be dialled, or whose connection broke.
	ErrUnreachable = errors.New("peer cannot be reached")
	// ErrRefused reports a peer that the gate does not admit. Nothing was sent to it.
	ErrRefused = errors.New("peer is not admitted")
	// ErrTimeout reports a deadline that passed. It satisfies net.Error and os.ErrDeadlineExceeded.
	ErrTimeout error = timeoutError{}
	// ErrClosed reports a host that has been closed.
	ErrClosed = errors.New("network host is closed")
	// ErrPortInUse reports a listening address that another process holds.
	ErrPortInUse = errors.New("listening address is in use")
	// ErrAddress reports a listening address that is not a TCP multiaddr of this machine.
	ErrAddress = errors.New("not a usable listening address")
	// ErrBusy reports that a resource limit of this node is reached.
	ErrBusy = errors.New("network limits of this node are reached")
)

type timeoutError struct{}

func (timeoutError) Error() string   { return "peer did not answer in time" }
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }
func (timeoutError) Is(target error) bool {
	return target == os.ErrDeadlineExceeded
}

// openError names the class of a failed dial or stream.
func openError(ctx context.Context, peer string, err error) error {
	switch {
	case errors.Is(err, swarm.ErrGaterDisallowedConnection):
		return fmt.Errorf("%s: %w", peer, ErrRefused)
	case errors.Is(err, network.ErrResourceLimitExceeded):
		return fmt.Errorf("%s: %w", peer, ErrBusy)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("%s: %w", peer, ErrTimeout)
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", peer, ctx.Err())
	case errors.Is(err, swarm.ErrSwarmClosed):
		return ErrClosed
	}
	return fmt.Errorf("%s: %w: %w", peer, ErrUnreachable, err)
}

// streamError turns libp2p's timeouts into ErrTimeout and leaves io.EOF and the rest as they are.
func streamError(err error) error {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return ErrTimeout
	}
	return err
}

// listenError says what to do about an address that cannot be listened on.
func listenError(address string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%w: %s: stop the process that holds it, or choose another port", ErrPortInUse, address)
	}
	if errors.Is(err, syscall.EACCES) {
		return fmt.Errorf("%w: %s: this user may not open the port; choose one above 1023", ErrAddress, address)
	}
	return fmt.Errorf("%w: %s: %w", ErrAddress, address, err)
}
