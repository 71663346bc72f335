package session

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sort"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

// AuditProtocol is the exchange of logs and openings (specs/audit.md).
const AuditProtocol = "crosslight/audit/v1"

// MaxLog is how many requests of one pair of members one day's log holds at most.
const MaxLog = 1 << 17

var (
	// ErrLog reports a log that is too long, or not what its summary says.
	ErrLog = errors.New("log of a day is not valid")
	// ErrPath reports a Merkle path that does not lead from a leaf to its root.
	ErrPath = errors.New("path does not lead to the root")
)

// LogRequest is a request as it stands in the log of a day.
type LogRequest struct {
	Hash  [32]byte // SHA-256 of its header
	Count uint64   // elements, 1 to MaxBatch
}

// QueryLog is what one member asked another on one day of ledger time: an RFC 6962 tree over the
// requests in ascending order of hash, an order that both sides come to without having agreed on a time.
// Each leaf says how many elements come before it, so that a position among all elements leads to one
// element of one request, and a path shows that it does.
type QueryLog struct {
	requests []LogRequest
	starts   []uint64
	elements uint64
	leaves   [][]byte // leaf hashes
}

// NewQueryLog makes the log of requests, in whatever order they come; one that comes twice counts once.
// The error is [ErrLog].
func NewQueryLog(requests []LogRequest) (*QueryLog, error) {
	l := &QueryLog{requests: slices.Clone(requests)}
	slices.SortFunc(l.requests, func(a, b LogRequest) int { return bytes.Compare(a.Hash[:], b.Hash[:]) })
	l.requests = slices.Compact(l.requests)
	if len(l.requests) > MaxLog {
		return nil, fmt.Errorf("%w: %d requests, at most %d", ErrLog, len(l.requests), MaxLog)
	}
	for _, r := range l.requests {
		if r.Count == 0 || r.Count > MaxBatch {
			return nil, fmt.Errorf("%w: a request of %d elements", ErrLog, r.Count)
		}
		l.starts = append(l.starts, l.elements)
		l.leaves = append(l.leaves, rfc6962.DefaultHasher.HashLeaf(logLeaf(l.elements, r.Hash)))
		l.elements += r.Count
	}
	return l, nil
}

// logLeaf is a leaf, 40 bytes: how many elements come before the request, and the hash of its header,
// which counts its own.
func logLeaf(start uint64, header [32]byte) []byte {
	return append(binary.BigEndian.AppendUint64(nil, start), header[:]...)
}

// Requests is how many requests there are, and Elements how many elements they have.
func (l *QueryLog) Requests() uint64 { return uint64(len(l.requests)) }

// Elements is how many elements all requests have together.
func (l *QueryLog) Elements() uint64 { return l.elements }

// Root is the RFC 6962 root, zeros where nothing was asked.
func (l *QueryLog) Root() (root [32]byte) {
	if len(l.leaves) > 0 {
		copy(root[:], merkleRoot(l.leaves))
	}
	return root
}

// Find returns the request that holds an element by its offset in the log, its index and how many
// elements come before it; not ok beyond the last.
func (l *QueryLog) Find(offset uint64) (r LogRequest, index, start uint64, ok bool) {
	if offset >= l.elements {
		return r, 0, 0, false
	}
	i := sort.Search(len(l.starts), func(i int) bool { return l.starts[i] > offset }) - 1
	return l.requests[i], uint64(i), l.starts[i], true
}

// Path is the inclusion path of a request by its index.
func (l *QueryLog) Path(index uint64) [][32]byte { return merklePath(l.leaves, int(index)) }

// ElementPath is the inclusion path of an element (by its index) among all elements of a request, 32
// bytes each.
func ElementPath(elements []byte, index int) [][32]byte {
	var leaves [][]byte
	for e := range slices.Chunk(elements, ElementSize) {
		leaves = append(leaves, rfc6962.DefaultHasher.HashLeaf(e))
	}
	return merklePath(leaves, index)
}

func merkleRoot(leaves [][]byte) []byte {
	if len(leaves) == 1 {
		return leaves[0]
	}
	k := split(len(leaves))
	return rfc6962.DefaultHasher.HashChildren(merkleRoot(leaves[:k]), merkleRoot(leaves[k:]))
}

// split is the largest power of two below n (RFC 6962 §2.1).
func split(n int) int {
	k := 1
	for 2*k < n {
		k *= 2
	}
	return k
}

// merklePath is PATH of RFC 6962 §2.1.1, from the leaf upwards.
func merklePath(leaves [][]byte, index int) [][32]byte {
	if len(leaves) <= 1 {
		return [][32]byte{}
	}
	k := split(len(leaves))
	if index < k {
		return append(merklePath(leaves[:k], index), [32]byte(merkleRoot(leaves[k:])))
	}
	return append(merklePath(leaves[k:], index-k), [32]byte(merkleRoot(leaves[:k])))
}

func checkPath(leaf []byte, index, size uint64, path [][32]byte, root [32]byte) error {
	hashes := make([][]byte, len(path))
	for i := range path {
		hashes[i] = path[i][:]
	}
	if proof.VerifyInclusion(rfc6962.DefaultHasher, index, size, rfc6962.DefaultHasher.HashLeaf(leaf), hashes, root[:]) != nil {
		return ErrPath
	}
	return nil
}

// ReadHeader reads a request's header that key has signed. Errors are the faults of this package and of
// wire.
func ReadHeader(raw, signature []byte, key member.PublicKey) (Header, error) {
	var h Header
	if err := wire.Decode(raw, &h, MaxHeader); err != nil {
		return h, err
	}
	if err := h.check(); err != nil {
		return h, err
	}
	return h, signatureBy(key, requestDomain, raw, signature)
}

// HeaderHash is what names a request in a log.
func HeaderHash(raw []byte) [32]byte { return sha256.Sum256(raw) }

// PeekHeader reads a header of one's own store, whose signature was checked when it came.
func PeekHeader(raw []byte) (Header, error) {
	var h Header
	err := wire.Decode(raw, &h, MaxHeader)
	return h, err
}
