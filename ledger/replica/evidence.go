package replica

import (
	"bytes"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// Evidence is what another member did against the rules of replication, as this node saw it. Raft's
// messages carry no signature, the stream proved their sender to this node alone: it is a record for
// this node's operator and a reason to ask the others for theirs, not a proof to a third party.
type Evidence struct {
	Kind   string // see the constants below
	Peer   string // peer ID that the stream proved
	Reason string
	// Said is the frame that the peer sent, verbatim, without its length; a snapshot's is the one
	// before its bytes. It may be empty.
	Said []byte
	// Held is what stands here instead, such as the command of the log entry that was to be
	// rewritten. It may be empty.
	Held []byte
}

// The kinds of evidence.
const (
	EvidenceSender        = "raft-sender"        // someone who may not speak
	EvidenceTerm          = "raft-term"          // a term that no honest replica reaches
	EvidenceRewrite       = "raft-rewrite"       // another entry where this node has executed one
	EvidenceConfiguration = "raft-configuration" // a configuration that the ledger does not call for
	EvidenceSnapshot      = "raft-snapshot"      // a snapshot that cuts, contradicts or forges history
	EvidenceFork          = "ledger-fork"        // another root at a size that this node has reached
	EvidenceMessage       = "raft-message"       // bytes that are no message
	// EvidenceEquivocation: Said is a finality.Evidence, which convinces whoever knows the voter's log key.
	EvidenceEquivocation = "finality-equivocation"
	// EvidenceFinals: Said and Held are two finality.Certificates; more than b voters cheated.
	EvidenceFinals = "finality-fork"
	// EvidenceEntries: Said and Held are two envelopes of one key with one number.
	EvidenceEntries  = "ledger-equivocation"
	EvidenceFinality = "finality-message" // messages that do not hold
)

// witness keeps what a peer did: the reason, what it said, what stands here.
type witness func(peer string, reason error, said, held []byte)

// Bounds of what is kept: a peer that errs all day is written down once a minute.
const (
	witnessPause = time.Minute
	maxWitnessed = 1024
)

func kindOf(reason error) string {
	for _, k := range []struct {
		kind string
		errs []error
	}{
		{EvidenceSender, []error{errNotVoter, errWrongTerm, errNotMember}},
		{EvidenceTerm, []error{errTermJump, errBeyond}},
		{EvidenceRewrite, []error{errRewrite, errFinal, errTwice}},
		{EvidenceConfiguration, []error{errConfig}},
		{EvidenceFork, []error{errFork}},
		{EvidenceEquivocation, []error{errEquivocation}},
		{EvidenceFinals, []error{errTwoFinals}},
		{EvidenceEntries, []error{errTwoEntries}},
		{EvidenceFinality, []error{errBadFinality}},
		{EvidenceSnapshot, []error{errSnapshot}},
		{EvidenceMessage, []error{errBadMessage}},
	} {
		for _, err := range k.errs {
			if errors.Is(reason, err) {
				return k.kind
			}
		}
	}
	return "" // what an honest replica may do, too, such as voting in a hurry
}

// newWitness reports to hear, and to the log, what has a kind.
func newWitness(hear func(Evidence), log *slog.Logger) witness {
	var mu sync.Mutex
	last := map[string]time.Time{}
	due := func(key string, now time.Time) bool {
		mu.Lock()
		defer mu.Unlock()
		if now.Sub(last[key]) < witnessPause {
			return false
		}
		if len(last) >= maxWitnessed {
			clear(last)
		}
		last[key] = now
		return true
	}
	return func(peer string, reason error, said, held []byte) {
		kind := kindOf(reason)
		if kind == "" || !due(kind+"\x00"+peer, time.Now()) {
			return
		}
		log.Warn("a member broke the rules of replication", "peer", peer, "kind", kind, "reason", reason)
		if hear != nil {
			hear(Evidence{Kind: kind, Peer: peer, Reason: reason.Error(), Said: bytes.Clone(said), Held: bytes.Clone(held)})
		}
	}
}
