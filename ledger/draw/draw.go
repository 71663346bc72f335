// Package draw says which questions an audit opens. It implements "Draw" of crosslight/audit/v1
// (specs/audit.md).
//
//	roots of the logs, committed first ─┐
//	nonces of two seats, then revealed ─┴─► Seed ─► Positions ─► Locate: which day, which element
//
// Everybody computes the same from what stands on the ledger. The logs were committed before the nonces
// were, and each nonce before the other was known, so that nobody who took part chose the positions;
// one who withholds a nonce has them drawn again, by name, and others commit.
//
// What leaks: how many elements a pair exchanged a day, which the ledger shows all the same.
package draw

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"sort"
)

// MaxPositions is how many elements one audit opens at most.
const MaxPositions = 4096

// Segment is one day of a pair of members whose two logs agree.
type Segment struct {
	Day      uint64 // of ledger time, days since 1970-01-01
	Requests uint64 // leaves of the log
	Elements uint64 // of all requests, 1 to 2^48
	Root     [32]byte
}

// Nonce is what a seat committed to and revealed.
type Nonce struct {
	Member string
	Nonce  [32]byte
}

const (
	commitDomain = "crosslight/audit/v1 nonce"
	seedDomain   = "crosslight/audit/v1 draw"
	streamDomain = "crosslight/audit/v1 position"
)

// Commit is what a seat enters before it reveals its nonce: SHA-256 over a domain label, the ledger, the
// audit, the round, the member and the nonce. The member is in it so that nobody enters another's
// commitment as its own.
func Commit(ledger, audit [32]byte, round uint64, n Nonce) [32]byte {
	h := sha256.New()
	h.Write([]byte(commitDomain + "\x00"))
	h.Write(ledger[:])
	h.Write(audit[:])
	h.Write(binary.BigEndian.AppendUint64(nil, round))
	h.Write(lp(n.Member))
	h.Write(n.Nonce[:])
	return [32]byte(h.Sum(nil))
}

// Seed is what the positions follow from: SHA-256 over a domain label, the ledger, the audit, the
// segments in ascending order of day and the nonces in ascending order of member, in whatever order they
// are given.
func Seed(ledger, audit [32]byte, segments []Segment, nonces []Nonce) [32]byte {
	h := sha256.New()
	h.Write([]byte(seedDomain + "\x00"))
	h.Write(ledger[:])
	h.Write(audit[:])
	segments = slices.SortedFunc(slices.Values(segments), func(a, b Segment) int { return cmp.Compare(a.Day, b.Day) })
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(segments))))
	for _, s := range segments {
		for _, n := range []uint64{s.Day, s.Requests, s.Elements} {
			h.Write(binary.BigEndian.AppendUint64(nil, n))
		}
		h.Write(s.Root[:])
	}
	nonces = slices.SortedFunc(slices.Values(nonces), func(a, b Nonce) int { return cmp.Compare(a.Member, b.Member) })
	for _, n := range nonces {
		h.Write(lp(n.Member))
		h.Write(n.Nonce[:])
	}
	return [32]byte(h.Sum(nil))
}

func lp(s string) []byte { return append(binary.BigEndian.AppendUint16(nil, uint16(len(s))), s...) }

// Total is how many elements there are to draw from.
func Total(segments []Segment) (n uint64) {
	for _, s := range segments {
		n += s.Elements
	}
	return n
}

// Positions draws n different positions below total, all of them where there are no more, in ascending
// order. Each set of n is as likely as any other: SHA-256(domain || 0x00 || seed || counter) is read 8
// bytes at a time, big-endian; a number at or above the greatest multiple of total that 64 bits hold is
// passed over, so none is favoured, and so is a position that is drawn already.
func Positions(seed [32]byte, total, n uint64) []uint64 {
	n = min(n, total, MaxPositions)
	s := stream{seed: seed}
	drawn, out := map[uint64]bool{}, make([]uint64, 0, n)
	for uint64(len(out)) < n {
		if p := s.below(total); !drawn[p] {
			drawn[p] = true
			out = append(out, p)
		}
	}
	slices.Sort(out)
	return out
}

// stream is an endless row of numbers that follows from a seed.
type stream struct {
	seed    [32]byte
	counter uint64
	left    []byte
}

func (s *stream) next() uint64 {
	if len(s.left) == 0 {
		block := slices.Concat([]byte(streamDomain+"\x00"), s.seed[:], binary.BigEndian.AppendUint64(nil, s.counter))
		sum := sha256.Sum256(block)
		s.left, s.counter = sum[:], s.counter+1
	}
	n := binary.BigEndian.Uint64(s.left)
	s.left = s.left[8:]
	return n
}

// below returns a number below total, which must not be 0.
func (s *stream) below(total uint64) uint64 {
	rest := (^uint64(0)%total + 1) % total // 2^64 mod total
	for {
		if n := s.next(); n <= ^uint64(0)-rest {
			return n % total
		}
	}
}

// Locate finds the segment that a position lies in and its offset there, in elements. Segments are in
// ascending order of day. ok is false beyond the last.
func Locate(segments []Segment, position uint64) (segment int, offset uint64, ok bool) {
	for i, s := range segments {
		if position < s.Elements {
			return i, position, true
		}
		position -= s.Elements
	}
	return 0, 0, false
}

// Found is the chance to draw at least one of the bad elements among total when n are drawn: 1 minus the
// hypergeometric chance of none.
func Found(total, bad, n uint64) float64 {
	n = min(n, total)
	if bad+n > total {
		return 1
	}
	none := 1.0
	for i := range n {
		none *= float64(total-bad-i) / float64(total-i)
	}
	return 1 - none
}

// Needed is the least number of positions by which bad elements among total are found with the given
// chance, between 0 and 1.
func Needed(total, bad uint64, chance float64) uint64 {
	return uint64(sort.Search(int(total), func(n int) bool { return Found(total, bad, uint64(n)) >= chance }))
}
