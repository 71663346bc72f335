package wire

import (
	"encoding/binary"
	"fmt"
	"io"
)

// FrameHeaderSize is the length in bytes of a frame's header: the payload's length, big-endian.
const FrameHeaderSize = 4

// firstRead is what ReadFrame allocates before any payload has arrived. A peer that announces a
// large frame has to send it to make us hold it.
const firstRead = 64 << 10

// WriteFrame writes payload behind its length, in one Write.
func WriteFrame(w io.Writer, payload []byte) error {
	buf := make([]byte, FrameHeaderSize+len(payload))
	binary.BigEndian.PutUint32(buf, uint32(len(payload)))
	copy(buf[FrameHeaderSize:], payload)
	_, err := w.Write(buf)
	return err
}

// ReadFrame reads one frame of at most limit bytes. It returns io.EOF only at a clean end between
// frames, io.ErrUnexpectedEOF inside one, and [ErrTooLarge] for a header above the limit, after
// which the stream is of no further use.
func ReadFrame(r io.Reader, limit int) ([]byte, error) {
	var header [FrameHeaderSize]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return nil, err
	}
	n := int64(binary.BigEndian.Uint32(header[:]))
	if n > int64(limit) {
		return nil, fmt.Errorf("%w: frame of %d bytes, at most %d", ErrTooLarge, n, limit)
	}
	payload := make([]byte, 0, min(n, firstRead))
	for int64(len(payload)) < n {
		if len(payload) == cap(payload) {
			payload = append(make([]byte, 0, min(n, 2*int64(cap(payload)))), payload...)
		}
		m, err := io.ReadFull(r, payload[len(payload):cap(payload)])
		payload = payload[:len(payload)+m]
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, err
		}
	}
	return payload, nil
}
