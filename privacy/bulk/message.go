package bulk

import (
	"encoding/binary"
	"fmt"

	"github.com/crosslight/crosslight/privacy/bulk/internal/baseot"
	"github.com/crosslight/crosslight/privacy/bulk/internal/extend"
)

// kind is the first byte of a message. Its number in the session follows in 4 bytes, big-endian, then the
// body. There is one valid encoding of each message: every field has a length that what came before fixes.
type kind byte

const (
	kindHello       kind = 1 // receiver
	kindAnswerHello kind = 2 // sender
	kindFirstCoin   kind = 3 // receiver
	kindFirstAnswer kind = 4 // sender
	kindTrees       kind = 5 // receiver
	kindBlock       kind = 6 // receiver
	kindSalt        kind = 7 // receiver
	kindCoin        kind = 8 // sender
	kindAnswer      kind = 9 // receiver
	kindTags        kind = 10
)

const (
	headerSize = 5
	coinSize   = 32
	version    = 1
)

func header(k kind, number uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte{byte(k)}, number)
}

// body returns what follows the header of the message that is due.
func body(message []byte, due kind, number uint32) ([]byte, error) {
	if len(message) < headerSize || len(message) > MaxMessage {
		return nil, fmt.Errorf("%w: %d bytes", ErrMessage, len(message))
	}
	if kind(message[0]) != due || binary.BigEndian.Uint32(message[1:]) != number {
		return nil, fmt.Errorf("%w: kind %d number %d where kind %d number %d is due",
			ErrOrder, message[0], binary.BigEndian.Uint32(message[1:]), due, number)
	}
	return message[headerSize:], nil
}

// hello is the receiver's first message but for the base OTs' request, which follows it.
type hello struct {
	mode       Mode
	labelSize  int
	items      int
	context    [32]byte
	commitment [32]byte
}

const helloSize = 1 + 1 + 2 + 4 + 32 + 32

func (h hello) encode() []byte {
	b := []byte{version, byte(h.mode)}
	b = binary.BigEndian.AppendUint16(b, uint16(h.labelSize))
	b = binary.BigEndian.AppendUint32(b, uint32(h.items))
	return append(append(b, h.context[:]...), h.commitment[:]...)
}

// session is what the base OTs and their extension are bound to.
func (h hello) session() baseot.Session { return digest(baseDomain, h.encode()) }

// check parses a receiver's hello and holds it against what the sender wants.
func (h *hello) parse(b []byte) (request []byte, err error) {
	if len(b) == 0 || b[0] != version {
		return nil, fmt.Errorf("%w: another version", ErrVersion)
	}
	if len(b) != helloSize+extend.Base*baseot.RequestSize {
		return nil, fmt.Errorf("%w: hello of %d bytes", ErrMessage, len(b))
	}
	h.mode, h.labelSize, h.items = Mode(b[1]), int(binary.BigEndian.Uint16(b[2:])), int(binary.BigEndian.Uint32(b[4:]))
	copy(h.context[:], b[8:])
	copy(h.commitment[:], b[40:])
	return b[helloSize:], nil
}

// answerHello is the sender's first message but for the extension's offer, which follows it.
type answerHello struct {
	items int
	nonce [32]byte
	reply [baseot.ReplySize]byte
}

const answerHelloSize = 4 + 32 + baseot.ReplySize

func (a answerHello) encode() []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(a.items))
	return append(append(b, a.nonce[:]...), a.reply[:]...)
}

func (a *answerHello) parse(b []byte, transfers int) (offer []byte, err error) {
	if len(b) != answerHelloSize+extend.OfferSize(transfers) {
		return nil, fmt.Errorf("%w: answer to hello of %d bytes", ErrMessage, len(b))
	}
	a.items = int(binary.BigEndian.Uint32(b))
	copy(a.nonce[:], b[4:])
	copy(a.reply[:], b[36:])
	return b[answerHelloSize:], nil
}
