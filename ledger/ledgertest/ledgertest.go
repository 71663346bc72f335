// Package ledgertest founds consortia for tests: members with keys that follow from their names, a
// genesis, and entries signed with the right sequence numbers. Nothing but tests imports it; its keys
// are public knowledge.
package ledgertest

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/policy"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/protocol/member"
)

// oprfKeys are pairs of a ristretto255 scalar and its public element, made by hashing "crosslight test
// OPRF key N" to a scalar. They are a file because only privacy may compute them.
//
//go:embed oprf-keys.json
var oprfKeys []byte

// Org is an organisation with all its private keys.
type Org struct {
	Name         string
	Sector       member.Sector
	Jurisdiction string
}

// The organisations of most tests: three founders of three sectors, and applicants.
var (
	Platform = Org{"Platform A", member.Tech, "US"}
	Bank     = Org{"Bank B", member.Finance, "PH"}
	Police   = Org{"Police C", member.LawEnforcement, "INT"}
	Hotline  = Org{"Hotline D", member.Hotline, "GB"}
	Second   = Org{"Bank E", member.Finance, "DE"}
	NGO      = Org{"NGO F", member.NGO, "KE"}
)

// CreatedAt is the time of every test genesis: 2026-01-01T00:00:00Z.
const CreatedAt = 1767225600

// Private is the organisation's private key for role, the same in every run.
func (o Org) Private(role member.Role) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("crosslight test key\x00" + o.Name + "\x00" + string(role)))
	return ed25519.NewKeyFromSeed(seed[:])
}

// Another is another private key for the organisation's role, the n-th, to rotate to.
func (o Org) Another(role member.Role, n int) ed25519.PrivateKey {
	seed := sha256.Sum256(fmt.Appendf(nil, "crosslight test key\x00%s\x00%s\x00%d", o.Name, role, n))
	return ed25519.NewKeyFromSeed(seed[:])
}

// Keys is the public key set.
func (o Org) Keys() member.KeySet {
	public := func(r member.Role) member.PublicKey { return member.PublicOf(o.Private(r)) }
	return member.KeySet{
		Node: public(member.Node), Operator: public(member.Operator), Seat: public(member.Seat),
		Log: public(member.Log), Cosigner: public(member.Cosigner), Root: public(member.Root),
	}
}

// Card is the organisation's signed card.
func (o Org) Card(t testing.TB) member.SignedCard {
	t.Helper()
	card, err := member.SignCard(member.Card{
		V: 1, Name: o.Name, Sector: o.Sector, Jurisdiction: o.Jurisdiction, Keys: o.Keys(),
		Addresses: []string{"/ip4/127.0.0.1/tcp/7481"},
	}, o.Private)
	must(t, err)
	return card
}

// Draft drafts a genesis that nobody has signed.
func Draft(t testing.TB, founders ...Org) entry.Draft {
	t.Helper()
	var cards []member.SignedCard
	for _, o := range founders {
		cards = append(cards, o.Card(t))
	}
	nonce := bytes.NewReader(bytes.Repeat([]byte{7}, 16))
	d, err := entry.NewGenesis(cards, policy.Default(), entry.DefaultThresholds(), CreatedAt, nonce)
	must(t, err)
	return d
}

// Genesis founds a consortium with the default policy and thresholds.
func Genesis(t testing.TB, founders ...Org) entry.SignedGenesis {
	t.Helper()
	d := Draft(t, founders...)
	for _, o := range founders {
		var err error
		d, err = d.Sign(o.Private(member.Seat))
		must(t, err)
	}
	g, err := d.Complete()
	must(t, err)
	return g
}

// OPRFKey is the n-th test key, committed by o for an epoch and a type on a ledger, with its proof.
func (o Org) OPRFKey(t testing.TB, ledgerID [32]byte, n int, epoch uint64, typ string) entry.EpochKey {
	t.Helper()
	var pairs []struct{ Secret, Public string }
	must(t, json.Unmarshal(oprfKeys, &pairs))
	secret, err := hex.DecodeString(pairs[n].Secret)
	must(t, err)
	public, err := hex.DecodeString(pairs[n].Public)
	must(t, err)
	context := member.PossessionContext(ledgerID, o.Name, epoch, typ)
	proof, err := member.ProvePossession(secret, context, bytes.NewReader(make([]byte, 64)))
	must(t, err)
	return entry.EpochKey{Type: typ, Public: [32]byte(public), Possession: [64]byte(proof)}
}

// Current is the organisation's private key of a role as the ledger has it, if it is Private or one of
// the first few of Another; otherwise it is Private.
func (o Org) Current(role member.Role, s *state.State) ed25519.PrivateKey {
	m, _ := s.Member(o.Name)
	first := o.Private(role)
	for n, key := 0, first; n < 5; n++ {
		if member.PublicOf(key) == m.Keys.Of(role) {
			return key
		}
		key = o.Another(role, n+1)
	}
	return first
}

// Signer signs for the organisation with the key of a role, as it is now.
func (o Org) Signer(role member.Role, s *state.State) entry.Signer {
	return entry.Signer{Key: o.Current(role, s), LedgerID: s.LedgerID(), Incarnation: s.Incarnation()}
}

// Seq is the next sequence number of the key of a role.
func (o Org) Seq(role member.Role, s *state.State) uint64 {
	return s.NextSeq(member.PublicOf(o.Current(role, s)).ID())
}

// made is the entry that was signed.
func (l *Ledger) made(raw entry.Raw, err error) entry.Raw {
	l.T.Helper()
	must(l.T, err)
	return raw
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
