package audit

import (
	"errors"
	"fmt"
	"slices"

	"github.com/crosslight/crosslight/ledger/draw"
	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/privacy/voprf"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
)

// The faults of an opening, as a finding names them.
var (
	// ErrPosition reports a position that was not drawn, or a day that it does not lie in.
	ErrPosition = errors.New("the position was not drawn")
	// ErrMissing reports a position that the answer leaves out.
	ErrMissing = errors.New("the answer leaves it out")
	// ErrQuestion reports a request of other members, of another ledger, or of another day.
	ErrQuestion = errors.New("the request is not of this audit")
)

// Finding is how one position that was drawn came out. Err is nil where its opening holds; the question is
// shown to the auditor then, who judges it.
type Finding struct {
	Position uint64
	Err      error
	Opening  session.Opening
	Header   session.Header
}

// Report is what an auditor's check came to.
type Report struct {
	Audit    state.Audit
	Findings []Finding // one for each position that was drawn, in ascending order
	Held     uint64    // openings that hold
}

// Outcome is the verdict that follows without looking at the questions themselves.
func (r Report) Outcome() entry.Outcome {
	if r.Held == uint64(len(r.Findings)) {
		return entry.OutcomeTrue
	}
	return entry.OutcomeFalse
}

// Verify checks a querier's answer, decrypted, against the ledger: whose it is, that every position that
// was drawn is there, that each leads to one element of one signed request in the log that querier and
// holder have both committed to, and that digest and blind make that element. It needs no node: state is
// that of an exported ledger. Errors are [entry.ErrUnknownAudit], [ErrNotDrawn] and those of reading the
// answer; what is wrong with an opening stands in its finding.
//
// It need not take constant time: what it computes with has been shown to the auditor who runs it.
func Verify(s *state.State, id entry.Hash, answer []byte) (Report, error) {
	a, ok := s.Audit(id)
	switch {
	case !ok:
		return Report{}, entry.ErrUnknownAudit
	case a.Positions() == nil:
		return Report{}, ErrNotDrawn
	}
	got, err := session.ReadAnswer(answer, NodeKeys(s, a.Content.Querier))
	if err != nil {
		return Report{}, err
	}
	if got.Ledger != s.LedgerID() || got.Audit != id {
		return Report{}, fmt.Errorf("%w: it answers another audit", session.ErrAnswer)
	}
	r := Report{Audit: a}
	for _, p := range a.Positions() {
		i, ok := slices.BinarySearchFunc(got.Openings, p, func(o session.Opening, p uint64) int {
			switch {
			case o.Position < p:
				return -1
			case o.Position > p:
				return 1
			}
			return 0
		})
		f := Finding{Position: p, Err: ErrMissing}
		if ok {
			f.Opening = got.Openings[i]
			f.Header, f.Err = checkOpening(s, a, got.Openings[i])
		}
		if f.Err == nil {
			r.Held++
		}
		r.Findings = append(r.Findings, f)
	}
	return r, nil
}

func checkOpening(s *state.State, a state.Audit, o session.Opening) (session.Header, error) {
	i, offset, ok := draw.Locate(a.Segments, o.Position)
	if !ok || a.Segments[i].Day != o.Day {
		return session.Header{}, ErrPosition
	}
	h, err := readHeader(s, a, o)
	if err != nil {
		return h, err
	}
	if s.DayAt(h.Size) != o.Day {
		return h, fmt.Errorf("%w: of another day", ErrQuestion)
	}
	segment := a.Segments[i]
	if err := o.CheckPlace(h, offset, segment.Requests, segment.Root); err != nil {
		return h, err
	}
	return h, voprf.Open(o.Element[:], o.Digest[:], o.Blind[:])
}

// readHeader reads the request, which one of the querier's node keys has signed, to one of the holder's.
func readHeader(s *state.State, a state.Audit, o session.Opening) (h session.Header, err error) {
	if h, err = session.PeekHeader(o.Header); err != nil {
		return h, err
	}
	of := func(name, peer string) (member.PublicKey, bool) {
		keys := NodeKeys(s, name)
		i := slices.IndexFunc(keys, func(k member.PublicKey) bool { return k.PeerID() == peer })
		if i < 0 {
			return member.PublicKey{}, false
		}
		return keys[i], true
	}
	key, ok := of(a.Content.Querier, h.Querier)
	if _, asked := of(a.Content.Holder, h.Holder); !ok || !asked || h.Ledger != s.LedgerID() {
		return h, fmt.Errorf("%w: of other members or another ledger", ErrQuestion)
	}
	return session.ReadHeader(o.Header, o.Signature, key)
}
