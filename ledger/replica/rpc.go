package replica

import (
	"fmt"
	"net"

	"github.com/crosslight/crosslight/protocol/wire"
)

// remoteError is what the peer's raft, or its gate, answered. The stream is still in step.
type remoteError struct{ text string }

func (e *remoteError) Error() string { return "peer answered: " + e.text }

// encodeRequest returns a request as a whole frame.
func encodeRequest(args any) ([]byte, error) {
	r, err := toRequest(args)
	if err != nil {
		return nil, err
	}
	b, err := wire.Encode(r)
	if err != nil {
		return nil, err
	}
	if len(b) > MaxRequest {
		return nil, fmt.Errorf("%w: raft request of %d bytes", wire.ErrTooLarge, len(b))
	}
	return frame(b), nil
}

// receive reads one reply into resp.
func (t *transport) receive(conn net.Conn, peer string, term uint64, resp any) error {
	b, err := wire.ReadFrame(conn, MaxReply)
	if err != nil {
		return err
	}
	r, err := parseReply(b)
	if err != nil {
		return err
	}
	if r.Error != "" {
		return &remoteError{r.Error}
	}
	if err := t.gate.answer(peer, term, r); err != nil {
		return err
	}
	fromReply(r, peer, resp)
	return nil
}

// frame puts the length before b, so that a message leaves in one write.
func frame(b []byte) []byte {
	var out frameBuffer
	_ = wire.WriteFrame(&out, b) // a frameBuffer does not fail
	return out
}

type frameBuffer []byte

func (f *frameBuffer) Write(b []byte) (int, error) { *f = append(*f, b...); return len(b), nil }
