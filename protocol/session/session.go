// Package session is the turn order of what members say to one another about indexes: the exchange
// crosslight/query/v1 (specs/query.md) and the exchange crosslight/mirror/v1 (specs/index.md,
// "Mirroring"). Machines take messages in and give messages out; streams, clocks, disks and keys to
// evaluate with are elsewhere. Group elements are opaque bytes here.
//
//	Asker (querier)                                         Answerer (holder)
//	=========================================================================
//	Ask      request {header, signature, elements}  ----->  Receive
//	                                                        budget, policy, evaluate
//	Receive  <-----  response {receipt, signature, evaluated, proof}    Reply
//	   or    <-----  response {receipt with a code, signature}          Refuse
//
// Requests may be in flight up to a window; answers come in the order of the questions. Both
// signatures are by node keys over what they say and what they answer to, so that either side can show
// a third what the other said: a wrong proof, a budget that was counted twice, a refusal.
//
// What leaks. To the holder: who asks, when, how many elements, of which type, in which epoch, for
// which purpose, whether there is a case reference. Its commitment hides it. Nothing about the values.
// To the querier: the holder's ledger size, the budget left. Onlookers see lengths only (Noise).
package session

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/crosslight/crosslight/protocol/member"
)

// The protocols, as libp2p protocol IDs and as the labels that signatures are bound to.
const (
	QueryProtocol  = "crosslight/query/v1"
	MirrorProtocol = "crosslight/mirror/v1"
	// AcknowledgeProtocol takes a mirror's word that it has a manifest in use.
	AcknowledgeProtocol = "crosslight/acknowledge/v1"
	// AnnounceTopic is the gossip in which holders announce manifests; the ledger's id stands behind it.
	AnnounceTopic = "crosslight/announce/v1"
)

const (
	requestDomain     = QueryProtocol + " request"
	receiptDomain     = QueryProtocol + " receipt"
	announceDomain    = AnnounceTopic
	acknowledgeDomain = AcknowledgeProtocol
	manifestDomain    = "crosslight/manifest/v1"
	caseDomain        = "crosslight/case/v1"
)

// Sizes and limits, in bytes and items.
const (
	ElementSize = 32   // a blinded or evaluated element
	ProofSize   = 64   // a batch proof
	MaxBatch    = 4096 // elements in a request
	MaxWindow   = 8    // requests in flight on one stream

	MaxHeader   = 1 << 10                                // an encoded header
	MaxReceipt  = 1 << 10                                // an encoded receipt
	MaxQuery    = MaxBatch*ElementSize + MaxHeader + 128 // a request
	MaxResponse = MaxBatch*ElementSize + MaxReceipt + 256

	maxType    = 32
	maxPurpose = 64
	maxPeer    = 64
	maxRule    = 64
)

// Faults of the peer. Whoever meets one ends the exchange; [CodeOf] says what a holder tells the
// querier first.
var (
	// ErrVersion reports a message of a version that this program does not know.
	ErrVersion = errors.New("message version is unknown")
	// ErrHeader reports a request or receipt with a field outside its limits.
	ErrHeader = errors.New("message field is not valid")
	// ErrSignature reports a signature that the peer's node key did not make.
	ErrSignature = errors.New("signature is not by the peer's node key")
	// ErrLedger reports a request that acts on another ledger.
	ErrLedger = errors.New("message is for another ledger")
	// ErrParty reports a request that names another querier than the peer, or another holder than us.
	ErrParty = errors.New("message names other parties than the two ends of the stream")
	// ErrElements reports elements that are not as many as the header says, or not under its root.
	ErrElements = errors.New("elements are not those of the header")
	// ErrBatchSize reports a request with more elements than one message may have.
	ErrBatchSize = errors.New("request has too many elements")
	// ErrTurn reports a message that is not due: an answer to nothing, to another question than the
	// oldest, or more questions in flight than the window.
	ErrTurn = errors.New("message is out of turn")
	// ErrReceipt reports an answer whose receipt is not about what was asked or what was answered, or
	// names another ledger or other parties.
	ErrReceipt = errors.New("receipt does not fit the exchange")
	// ErrManifest reports a manifest with a field outside its limits or segments that do not fit.
	ErrManifest = errors.New("manifest is not valid")
	// ErrRollback reports a manifest older than the one that is known.
	ErrRollback = errors.New("manifest goes back to an older version")
	// ErrFork reports two manifests that a holder signed and that cannot both be in one chain.
	ErrFork = errors.New("manifest contradicts one that the holder signed before")
	// ErrPart reports a part of a segment that is not what was asked for.
	ErrPart = errors.New("part is not what was asked for")
)

// ErrClosed reports a machine that has met a fault: the exchange is over.
var ErrClosed = errors.New("exchange is over")

// RequestID names a request, for ever, at the holder that it went to.
type RequestID [16]byte

// ElementsRoot is the RFC 6962 Merkle root over elements, 32 bytes each, in order. It stands in the
// signed header so that single elements can be opened to an auditor later.
func ElementsRoot(elements []byte) [32]byte {
	factory := compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
	tree := factory.NewEmptyRange(0)
	for i := 0; i+ElementSize <= len(elements); i += ElementSize {
		// Append fails only for a hash of the wrong length.
		_ = tree.Append(rfc6962.DefaultHasher.HashLeaf(elements[i:i+ElementSize]), nil)
	}
	root, err := tree.GetRootHash(nil)
	if err != nil || len(root) != 32 {
		return [32]byte(rfc6962.DefaultHasher.EmptyRoot())
	}
	return [32]byte(root)
}

// CommitCase commits to a case reference under 32 random bytes, which the querier keeps and shows, with
// the reference, to whoever may learn it. Without them the commitment says nothing, however few
// references there are.
func CommitCase(nonce [32]byte, reference string) [32]byte {
	b := append([]byte(caseDomain), 0)
	return sha256.Sum256(append(append(b, nonce[:]...), reference...))
}

// checkWord accepts 1 to limit bytes of a-z, 0-9 and dashes inside: types, purposes, codes.
func checkWord(what, s string, limit int) error {
	if len(s) == 0 || len(s) > limit || s[0] == '-' || s[len(s)-1] == '-' {
		return fmt.Errorf("%w: %s", ErrHeader, what)
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return fmt.Errorf("%w: %s", ErrHeader, what)
		}
	}
	return nil
}

// checkPeer accepts a peer ID of 1 to 64 printable ASCII bytes; whose it is, is for the caller.
func checkPeer(what, s string) error {
	if s == "" {
		return fmt.Errorf("%w: %s", ErrHeader, what)
	}
	return checkText(what, s, maxPeer)
}

// checkText accepts up to limit printable ASCII bytes, which are safe on a terminal and in a log.
func checkText(what, s string, limit int) error {
	if len(s) > limit {
		return fmt.Errorf("%w: %s", ErrHeader, what)
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return fmt.Errorf("%w: %s", ErrHeader, what)
		}
	}
	return nil
}

// signatureBy maps a failed check to the fault that this package names.
func signatureBy(k member.PublicKey, domain string, msg, sig []byte) error {
	if err := k.Verify(domain, msg, sig); err != nil {
		return ErrSignature
	}
	return nil
}
