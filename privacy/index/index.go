// Package index encodes what a holder holds so that others can carry it and look their own values up
// in it, without the holder hearing of it and without anyone reading it: crosslight/index/v1
// (specs/index.md). It works on bytes; files, names on disk and who may have what are for node/mirror.
//
//	holder                                              querier (mirror)
//	====================================================================
//	for each digest: F = VOPRF_k(digest)
//	  tag   = HKDF-Expand(F, context, "tag"),  8 bytes
//	  key   = HKDF-Expand(F, context, "key", salt)
//	  label = ChaCha20-Poly1305(key, padded label)
//	sort by tag
//	                          segment: tags, labels
//	                          -------------------->
//	                                       own digest: F by crosslight/query/v1
//	                                       look the tag up, open the label
//
// A segment is two byte strings that never change: tags (a header of 128 bytes, then 8 bytes an item,
// ascending) and labels (256 bytes an item, in the same order). Its name is the SHA-256 of the tags,
// whose header carries the SHA-256 of the labels. The bytes that are signed, shipped and checked are
// the bytes that are searched.
//
// What leaks. Whoever has a segment learns how many items it has, and from a chain of segments when
// items came and went. It learns which items are in it only for values whose F it was given; without
// the holder's key no guess can be tested, however few values the type has. The tags alone answer
// "does it match", with a false positive of at most count/2^64; the labels need their own file. Who
// colludes with an asker that knows F can do what that asker can. Labels are padded to one length.
// Once F of a value is known, it finds the value in every later segment of the same epoch: that is
// what a watch rests on, and why an epoch ends when a member is suspended.
package index

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
)

// Sizes in bytes.
const (
	HeaderSize  = 128
	TagSize     = 8
	LabelPlain  = 240
	LabelSealed = LabelPlain + 16
	MaxLabel    = LabelPlain - 2 // behind its 2-byte length
	OutputSize  = 64             // F
	SaltSize    = 16
)

// Limits. MaxCount keeps every size and offset far inside 63 bits; MaxRun is how many items may share
// a tag, by chance never more than two.
const (
	MaxCount = 1 << 32
	MaxRun   = 8
)

// Kind says what a segment does to what the segments before it in the manifest have said.
type Kind uint8

// The kinds of segments. A withdrawal has tags and no labels.
const (
	Base       Kind = 1 // starts anew
	Addition   Kind = 2 // adds items
	Withdrawal Kind = 3 // takes items away by tag
)

func (k Kind) valid() bool { return k >= Base && k <= Withdrawal }

func (k Kind) String() string {
	switch k {
	case Base:
		return "base"
	case Addition:
		return "addition"
	case Withdrawal:
		return "withdrawal"
	}
	return "unknown"
}

// Name is a segment's name: SHA-256 of its tags, header included.
type Name [32]byte

// Tag is where an item stands in a segment.
type Tag [TagSize]byte

var (
	// ErrHeader reports tags that do not begin with a header of this version.
	ErrHeader = errors.New("segment header is not valid")
	// ErrSize reports tags or labels of another length than the header says.
	ErrSize = errors.New("segment has the wrong size")
	// ErrName reports tags that are not the segment of this name.
	ErrName = errors.New("segment does not have this name")
	// ErrLabels reports labels that are not those that the header names.
	ErrLabels = errors.New("segment labels are not those of its header")
	// ErrOrder reports tags that are not ascending, or more than [MaxRun] equal ones.
	ErrOrder = errors.New("segment tags are not in order")
	// ErrContext reports a segment of another ledger, holder, epoch or type than the one looked in.
	ErrContext = errors.New("segment is of another context")
	// ErrLabel reports a label that opens and is not one: the holder sealed something else.
	ErrLabel = errors.New("sealed label is not valid")
	// ErrTooLong reports a label of more than [MaxLabel] bytes.
	ErrTooLong = errors.New("label is too long")
	// ErrDuplicate reports that one F was added twice: key and nonce would have served twice.
	ErrDuplicate = errors.New("item was added twice")
	// ErrCount reports more items than a segment may have.
	ErrCount = errors.New("segment has too many items")
	// ErrKind reports a kind that does not exist, or a label for a withdrawal.
	ErrKind = errors.New("segment kind does not allow this")
)

// Context is what an index belongs to. Tags and keys are bound to it.
type Context struct {
	Ledger [32]byte
	Holder string // peer ID, at most 65,535 bytes
	Epoch  uint64
	Type   string // indicator type, at most 65,535 bytes
}

const contextDomain = "crosslight/index/v1"

// Hash returns the 32 bytes that stand for the context: SHA-256 over the domain label, a zero byte,
// the ledger id, the epoch in 8 bytes big-endian, and holder and type with 2-byte lengths before them.
func (c Context) Hash() [32]byte {
	b := append([]byte(contextDomain), 0)
	b = append(b, c.Ledger[:]...)
	b = binary.BigEndian.AppendUint64(b, c.Epoch)
	b = append(binary.BigEndian.AppendUint16(b, uint16(len(c.Holder))), c.Holder...)
	b = append(binary.BigEndian.AppendUint16(b, uint16(len(c.Type))), c.Type...)
	return sha256.Sum256(b)
}
