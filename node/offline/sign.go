package offline

import (
	"bytes"
	"crypto/ed25519"
	"fmt"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

// Signed is a draft with the entry that its seat, or its root key, has signed. The signature is by the
// key that the draft names and the entry does what the draft says; whose key that is is for the ledger.
type Signed struct {
	Draft Draft
	Entry entry.Verified
}

// Sign signs the draft with the key that it is for. vote is yes or no for a vote and empty otherwise.
// Errors are [ErrOtherKey], [ErrVote], [ErrNonce] and those of building an entry.
func (d Draft) Sign(key ed25519.PrivateKey, vote string) (Signed, error) {
	if member.PublicOf(key) != d.Key {
		return Signed{}, fmt.Errorf("%w (the draft is for %s, key %s)", ErrOtherKey, d.Member, d.Key.ID())
	}
	if d.Kind == entry.KindRotate {
		d.byRoot(key)
	}
	if d.Part != nil {
		if err := d.bySeat(key); err != nil {
			return Signed{}, err
		}
	}
	body, err := d.body(vote)
	if err != nil {
		return Signed{}, err
	}
	header := entry.Header{LedgerID: d.LedgerID, Incarnation: d.Incarnation, Seq: d.Seq}
	raw, err := entry.Sign(key, header, body)
	if err != nil {
		return Signed{}, err
	}
	return d.with(raw)
}

// CheckVote refuses a vote, yes, no or empty, that does not fit the draft. The error is [ErrVote].
func (d Draft) CheckVote(vote string) error {
	_, err := d.body(vote)
	return err
}

func (d Draft) body(vote string) (entry.Body, error) {
	a, err := d.act()
	if err != nil {
		return nil, err
	}
	switch {
	case a.body != nil && vote == "":
		return a.body, nil
	case a.body == nil && (vote == "yes" || vote == "no"):
		return entry.Vote{Proposal: a.proposal, Yes: vote == "yes"}, nil
	}
	return nil, ErrVote
}

// Bytes returns the file.
func (s Signed) Bytes() ([]byte, error) {
	raw, err := wire.Encode(s.Draft)
	if err != nil {
		return nil, err
	}
	return file{Draft: raw, Entry: s.Entry.Raw()}.bytes()
}

// ParseSigned reads a signed draft. Errors are [ErrFormat], [ErrChanged] and [ErrNotSigned].
func ParseSigned(raw []byte) (Signed, error) {
	f, err := parseFile(raw)
	if err != nil {
		return Signed{}, err
	}
	d, err := parseDraft(f.Draft)
	if err != nil {
		return Signed{}, err
	}
	if len(f.Entry) == 0 {
		return Signed{}, ErrNotSigned
	}
	return d.with(f.Entry)
}

// with joins a draft and an entry that signs it; anything else is [ErrChanged].
func (d Draft) with(raw []byte) (Signed, error) {
	e, err := entry.Parse(raw)
	if err != nil {
		return Signed{}, fmt.Errorf("%w: %w", ErrChanged, err)
	}
	verified, err := e.Verify(d.Key)
	if err != nil {
		return Signed{}, fmt.Errorf("%w: %w", ErrChanged, err)
	}
	s := Signed{d, verified}
	body, err := d.body(s.Vote())
	if err != nil {
		return Signed{}, fmt.Errorf("%w: %w", ErrChanged, err)
	}
	want, err := wire.Encode(body)
	env := e.Envelope()
	if err != nil || env.LedgerID != d.LedgerID || env.Incarnation != d.Incarnation || env.Seq != d.Seq ||
		env.Kind != d.Kind || !bytes.Equal(env.Body, want) {
		return Signed{}, fmt.Errorf("%w: the entry does something else than the draft says", ErrChanged)
	}
	return s, nil
}

// Vote is how the seat voted, yes or no; empty for what is no vote.
func (s Signed) Vote() string {
	if v, ok := s.Entry.Body().(entry.Vote); ok {
		return entry.YesNo(v.Yes)
	}
	return ""
}
