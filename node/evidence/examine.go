package evidence

import (
	"errors"
	"fmt"
	"slices"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/finality"
	"github.com/crosslight/crosslight/privacy/voprf"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
)

// Finding is what a record shows.
type Finding struct {
	// Proved says that the record convinces anyone, given what Words asks to be compared.
	Proved bool
	Words  []string // what was checked, and what is left to compare
}

// ErrNothing reports a record that does not show what it says.
var ErrNothing = errors.New("the evidence does not hold")

// Examine checks a record without a node. What a stream proved to the node alone, and nobody signed, is
// found not proved, which is no error. The error is [ErrNothing].
func (r Record) Examine() (Finding, error) {
	switch r.Kind {
	case "false-proof":
		return r.examineProof()
	case "finality-equivocation":
		return r.examineVotes()
	case "ledger-equivocation":
		return r.examineEntries()
	case "manifest-fork":
		return r.examineManifests()
	case "manifest-anchor":
		return r.examineAnchor()
	case "manifest-announcement":
		return r.examineAnnounced()
	case "announcement-fork":
		return r.examineAnnouncements()
	case "finality-fork":
		return r.examineFinals()
	case FalseOpening:
		return r.examineOpenings()
	}
	return Finding{Words: []string{
		"Raft's messages carry no signature: the stream proved to this node alone who sent this one.",
		"It proves nothing to others. Ask the other members' operators for what their nodes have kept.",
	}}, nil
}

// exchange reads the question and the accused's answer to it, and checks both signatures.
func (r Record) exchange() (*session.Question, *session.Answer, error) {
	holder, err := member.ParsePeerID(r.Accused)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrNothing, err)
	}
	answer, err := session.ParseResponse(r.Response, holder)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: the accused's answer: %w", ErrNothing, err)
	}
	querier, err := member.ParsePeerID(answer.Receipt.Querier)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrNothing, err)
	}
	question, err := session.ParseRequest(r.Request, querier)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: the question: %w", ErrNothing, err)
	}
	if answer.Receipt.Request != question.Hash || answer.Receipt.Code != session.OK || string(r.Ledger) != string(answer.Receipt.Ledger[:]) {
		return nil, nil, fmt.Errorf("%w: the answer is not to this question", ErrNothing)
	}
	return question, answer, nil
}

// examineProof: the request and the response are signed and belong together; the evaluation is not
// under the key.
func (r Record) examineProof() (Finding, error) {
	question, answer, err := r.exchange()
	if err != nil {
		return Finding{}, err
	}
	client, err := voprf.NewClient(r.Key)
	if err != nil {
		return Finding{}, fmt.Errorf("%w: %w", ErrNothing, err)
	}
	if err := client.Check(question.Elements, answer.Evaluated, answer.Proof); err == nil {
		return Finding{}, fmt.Errorf("%w: the accused evaluated under the key %x", ErrNothing, r.Key)
	}
	return Finding{Proved: true, Words: []string{
		"The accused signed an answer to this question, and its evaluation is not under the key " + fmt.Sprintf("%x.", r.Key),
		fmt.Sprintf("Compare: that must be the accused's key for the type %s in its epoch %d on the ledger.", question.Header.Type, question.Header.Epoch),
	}}, nil
}

// examineVotes: one log key signed two statements for one height and round.
func (r Record) examineVotes() (Finding, error) {
	e, err := finality.ParseEvidence(r.Response)
	if err != nil {
		return Finding{}, fmt.Errorf("%w: %w", ErrNothing, err)
	}
	if len(r.Key) != len(member.PublicKey{}) {
		return Finding{}, fmt.Errorf("%w: no log key", ErrNothing)
	}
	if err := e.Verify(member.PublicKey(r.Key)); err != nil {
		return Finding{}, fmt.Errorf("%w: %w", ErrNothing, err)
	}
	if string(r.Ledger) != string(e.A.Ledger[:]) {
		return Finding{}, fmt.Errorf("%w: it is about another ledger", ErrNothing)
	}
	words := []string{fmt.Sprintf("The log key %s signed two %ss for height %d, round %d:", e.Signer(), e.A.Kind, e.A.Height, e.A.Round)}
	for _, s := range []finality.Signed{e.A, e.B} {
		words = append(words, fmt.Sprintf("  size %d, root %x", s.Value.Size, s.Value.Root))
	}
	return Finding{Proved: true, Words: append(words,
		"Compare: that must be the accused's log key on the ledger (`crosslight member list`, `crosslight ledger verify`).")}, nil
}

// examineEntries: one key signed two entries under one number.
func (r Record) examineEntries() (Finding, error) {
	if len(r.Key) != len(member.PublicKey{}) {
		return Finding{}, fmt.Errorf("%w: no key", ErrNothing)
	}
	var both [2]entry.Verified
	for i, raw := range [][]byte{r.Request, r.Response} {
		e, err := entry.Parse(raw)
		if err == nil {
			both[i], err = e.Verify(member.PublicKey(r.Key))
		}
		if err != nil {
			return Finding{}, fmt.Errorf("%w: %w", ErrNothing, err)
		}
	}
	a, b := both[0].Envelope(), both[1].Envelope()
	if a.Seq != b.Seq || a.Incarnation != b.Incarnation || a.LedgerID != b.LedgerID || both[0].Hash() == both[1].Hash() ||
		string(r.Ledger) != string(a.LedgerID[:]) {
		return Finding{}, fmt.Errorf("%w: the two entries do not contradict one another", ErrNothing)
	}
	return Finding{Proved: true, Words: []string{
		fmt.Sprintf("The key %s signed two entries as its number %d:", a.SignerKey, a.Seq),
		fmt.Sprintf("  %s, %s", both[0].Hash(), entry.Summary(both[0].Signed)),
		fmt.Sprintf("  %s, %s", both[1].Hash(), entry.Summary(both[1].Signed)),
		"Compare: that must be a key of the accused on the ledger (`crosslight ledger show`).",
	}}, nil
}

// examineFinals: two quorums of locks for histories of which at most one can stand. Whether their
// signers were the voters is for the ledger, so this is not found proved here.
func (r Record) examineFinals() (Finding, error) {
	words := []string{"Two certificates of what is final contradict one another, so more voters cheated than the ledger stands:"}
	var both [2]finality.Certificate
	for i, raw := range [][]byte{r.Request, r.Response} {
		c, err := finality.ParseCertificate(raw)
		if err != nil {
			return Finding{}, fmt.Errorf("%w: %w", ErrNothing, err)
		}
		if c.Kind != finality.Lock || string(c.Ledger[:]) != string(r.Ledger) {
			return Finding{}, fmt.Errorf("%w: a certificate of another ledger, or not of locks", ErrNothing)
		}
		words = append(words, fmt.Sprintf("  height %d, round %d: size %d, root %x, %d signers", c.Height, c.Round, c.Value.Size, c.Value.Root, len(c.Votes)))
		both[i] = c
	}
	a, b := both[0], both[1]
	if a.Height != b.Height || a.Incarnation != b.Incarnation || a.Value == b.Value {
		return Finding{}, fmt.Errorf("%w: the certificates do not contradict one another", ErrNothing)
	}
	for _, v := range a.Votes {
		if a.Round == b.Round && slices.ContainsFunc(b.Votes, func(w finality.Vote) bool { return v.Signer == w.Signer }) {
			words = append(words, "  signed both: "+v.Signer.String())
		}
	}
	return Finding{Words: append(words, "Their signatures are to be checked against the voters of that height: name the genesis, where the founders vote, or an export of the ledger.")}, nil
}
