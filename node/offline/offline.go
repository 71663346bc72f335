// Package offline is how a seat signs on a machine that has no node: crosslight/offline/v1
// (specs/cli.md). What is to be signed leaves a node as a file, is read and signed where the seat key
// is, and goes back to any member's node.
//
//	node of any member            machine with the seat key              node of any member
//	  state ─► Draft ──file──►  Words: read ─► Sign ─► Signed ──file──►  ParseSigned ─► the ledger
//
// Who signs believes the file as little as it can. What a vote is about travels as the very entry
// that opened the proposal, and the vote names that entry's hash; the words are made of it here. Only
// [Draft.Seen] is the word of the node that wrote the file, and is to be shown as such. A node cannot
// make a seat sign what the words do not say; it can leave a proposal out, or give a wrong sequence
// number, and then the signed file is refused.
//
// The same way a member's root key, which is kept away from its node, rotates and revokes that member's
// other keys.
//
// The file's checksum shows slips of copying, nothing else. The entry inside a signed file is checked
// again in full at the node, and by every node at apply.
//
// What leaks: whoever reads a draft learns what the members know, before the vote is cast.
package offline

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/crosslight/crosslight/protocol/wire"
)

// Format names the files of this package.
const Format = "crosslight/offline/v1"

// MaxFile is the longest file in bytes.
const MaxFile = 256 << 10

// The errors of these files. Their texts say what to do next.
var (
	// ErrFormat reports a file that is none of this package's.
	ErrFormat = errors.New("this file is no draft for a seat: `crosslight proposal show ID --out FILE` writes one")
	// ErrChanged reports a file that is not what was written.
	ErrChanged = errors.New("the file has been changed since it was written: fetch it again")
	// ErrNotSigned reports a draft where a signed one is needed.
	ErrNotSigned = errors.New("the file is not signed yet: run `crosslight proposal sign` where the seat key is")
	// ErrSigned reports a signed file where a draft is needed.
	ErrSigned = errors.New("the file is signed already: bring it to a node with `crosslight proposal submit`")
	// ErrOtherLedger reports a draft that was made for another ledger than this machine's.
	ErrOtherLedger = errors.New("the draft is for another ledger: have it written by a node of this one")
	// ErrOtherKey reports a key that is not the one that the draft is for.
	ErrOtherKey = errors.New("the key here is not the one that the draft is for: sign with the member's own, or have a draft written for this one")
	// ErrVote reports a vote that is missing, or given where there is nothing to vote on.
	ErrVote = errors.New("say --vote yes or --vote no for a draft of a vote, and nothing for any other")
	// ErrStale reports a signed file whose sequence number its key has used since.
	ErrStale = errors.New("the key has used the draft's number since: see `crosslight proposal show` whether this very file was submitted before, else have a new draft written and sign that")
	// ErrEarly reports a signed file before which others of the same seat must be submitted.
	ErrEarly = errors.New("other files of this seat come before this one: submit those first, or wait until this node has caught up")
)

// file is the frame of a draft, signed or not.
type file struct {
	Format string   `cbor:"1,keyasint"`
	Draft  []byte   `cbor:"2,keyasint"` // deterministic CBOR of Draft
	Entry  []byte   `cbor:"3,keyasint"` // the envelope; empty until it is signed
	Sum    [32]byte `cbor:"4,keyasint"` // SHA-256 over the three fields above, see checksum
}

// checksum is SHA-256 over the format, a zero byte, the draft's own SHA-256 and the entry.
func (f file) checksum() [32]byte {
	draft := sha256.Sum256(f.Draft)
	b := append([]byte(f.Format+"\x00"), draft[:]...)
	return sha256.Sum256(append(b, f.Entry...))
}

func (f file) bytes() ([]byte, error) {
	f.Format = Format
	f.Sum = f.checksum()
	raw, err := wire.Encode(f)
	if err == nil && len(raw) > MaxFile {
		err = fmt.Errorf("%w: %d bytes of at most %d", wire.ErrTooLarge, len(raw), MaxFile)
	}
	return raw, err
}

// parseFile reads the frame. Errors are [ErrFormat] and [ErrChanged].
func parseFile(raw []byte) (file, error) {
	var f file
	if err := wire.Decode(raw, &f, MaxFile); err != nil {
		return f, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if f.Format != Format {
		return f, fmt.Errorf("%w: format %.40q", ErrFormat, f.Format)
	}
	if f.Sum != f.checksum() {
		return f, ErrChanged
	}
	return f, nil
}
