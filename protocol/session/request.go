package session

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"

	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

const version = 1

// Header is what a querier signs. The holder decides by it and keeps it.
type Header struct {
	V       uint64    `cbor:"1,keyasint"`
	Ledger  [32]byte  `cbor:"2,keyasint"`
	Size    uint64    `cbor:"3,keyasint"` // of the ledger that the querier acts on, in entries
	Root    [32]byte  `cbor:"4,keyasint"` // its Merkle root
	Querier string    `cbor:"5,keyasint"` // peer ID
	Holder  string    `cbor:"6,keyasint"` // peer ID
	Epoch   uint64    `cbor:"7,keyasint"` // of the holder
	Type    string    `cbor:"8,keyasint"`
	Purpose string    `cbor:"9,keyasint"`
	Case    []byte    `cbor:"10,keyasint"` // CommitCase, 32 bytes, or empty
	ID      RequestID `cbor:"11,keyasint"` // random
	Count   uint64    `cbor:"12,keyasint"` // elements, 1 to MaxBatch
	Tree    [32]byte  `cbor:"13,keyasint"` // ElementsRoot
}

// HasCase says whether the question is tied to a case reference.
func (h *Header) HasCase() bool { return len(h.Case) != 0 }

func (h *Header) check() error {
	switch {
	case h.V != version:
		return fmt.Errorf("%w: %d", ErrVersion, h.V)
	case h.Size == 0:
		return fmt.Errorf("%w: ledger size", ErrHeader)
	case len(h.Case) != 0 && len(h.Case) != 32:
		return fmt.Errorf("%w: case commitment", ErrHeader)
	case h.Count == 0:
		return fmt.Errorf("%w: no elements", ErrHeader)
	case h.Count > MaxBatch:
		return fmt.Errorf("%w: %d, at most %d", ErrBatchSize, h.Count, MaxBatch)
	case h.ID == RequestID{}:
		return fmt.Errorf("%w: request id", ErrHeader)
	}
	if err := checkPeer("querier", h.Querier); err != nil {
		return err
	}
	if err := checkPeer("holder", h.Holder); err != nil {
		return err
	}
	if err := checkWord("type", h.Type, maxType); err != nil {
		return err
	}
	return checkWord("purpose", h.Purpose, maxPurpose)
}

// request is the message: the signed bytes of the header as they are, so that no second encoding of
// them can come up.
type request struct {
	Header    []byte `cbor:"1,keyasint"`
	Signature []byte `cbor:"2,keyasint"` // 64 bytes
	Elements  []byte `cbor:"3,keyasint"` // 32 bytes each
}

// Question is a request that has been read and checked: shape, signature, root. Whether it may be
// asked is for the ledger, and whether the elements are group elements for the one who evaluates.
type Question struct {
	Header    Header
	Raw       []byte   // the header's bytes as they were signed: for the log
	Signature []byte   // 64 bytes
	Hash      [32]byte // SHA-256 of Raw
	Elements  []byte   // 32 bytes each
}

func signRequest(h *Header, key ed25519.PrivateKey, elements []byte) (q *Question, msg []byte, err error) {
	raw, err := wire.Encode(h)
	if err != nil {
		return nil, nil, err
	}
	q = &Question{Header: *h, Raw: raw, Signature: member.Sign(key, requestDomain, raw), Hash: sha256.Sum256(raw), Elements: elements}
	msg, err = wire.Encode(request{raw, q.Signature, elements})
	return q, msg, err
}

// ParseRequest reads a request by the holder of key. Errors are the faults of this package and of
// wire.
func ParseRequest(msg []byte, key member.PublicKey) (*Question, error) {
	var r request
	if err := wire.Decode(msg, &r, MaxQuery); err != nil {
		return nil, err
	}
	q := &Question{Raw: r.Header, Signature: r.Signature, Hash: sha256.Sum256(r.Header), Elements: r.Elements}
	if err := wire.Decode(r.Header, &q.Header, MaxHeader); err != nil {
		return nil, err
	}
	if err := q.Header.check(); err != nil {
		return nil, err
	}
	if err := signatureBy(key, requestDomain, r.Header, r.Signature); err != nil {
		return nil, err
	}
	if uint64(len(r.Elements)) != q.Header.Count*ElementSize || ElementsRoot(r.Elements) != q.Header.Tree {
		return nil, ErrElements
	}
	return q, nil
}
