package bench

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/policy"
	"github.com/crosslight/crosslight/protocol/member"
)

// consortium is the members of the bench's ledger: the voters found it, the others are admitted. A key
// has one entry under way, so each writer is a member that signs with its operator key.
type consortium struct {
	seed      uint64
	voters    int
	cards     []member.SignedCard
	genesis   entry.SignedGenesis
	operators map[member.KeyID]member.PublicKey
}

// foundConsortium makes the cards and the genesis; keys follow from the seed.
func foundConsortium(o LedgerOptions) (*consortium, error) {
	c := &consortium{seed: o.Seed, voters: o.Voters, operators: map[member.KeyID]member.PublicKey{}}
	for i := range max(o.Writers, o.Voters) {
		card, err := c.card(i)
		if err != nil {
			return nil, err
		}
		c.cards = append(c.cards, card)
		c.operators[card.Card.Keys.Operator.ID()] = card.Card.Keys.Operator
	}
	nonce := bytes.NewReader(make([]byte, 16))
	d, err := entry.NewGenesis(c.cards[:o.Voters], policy.Default(), entry.DefaultThresholds(), uint64(o.Now.Unix()), nonce)
	for i := range o.Voters {
		if err == nil {
			d, err = d.Sign(c.key(i, member.Seat))
		}
	}
	if err == nil {
		c.genesis, err = d.Complete()
	}
	return c, err
}

func (c *consortium) key(i int, role member.Role) ed25519.PrivateKey {
	label := binary.BigEndian.AppendUint64([]byte("crosslight bench key\x00"+string(role)), c.seed)
	seed := sha256.Sum256(binary.BigEndian.AppendUint64(label, uint64(i)))
	return ed25519.NewKeyFromSeed(seed[:])
}

func (c *consortium) peer(i int) string { return c.cards[i].Card.Keys.Node.PeerID() }

func (c *consortium) card(i int) (member.SignedCard, error) {
	sectors := []member.Sector{member.Tech, member.Finance, member.LawEnforcement, member.Hotline, member.NGO}
	public := func(r member.Role) member.PublicKey { return member.PublicOf(c.key(i, r)) }
	return member.SignCard(member.Card{
		V: 1, Name: fmt.Sprintf("Bench %03d", i), Sector: sectors[i%len(sectors)], Jurisdiction: "INT",
		Addresses: []string{"/ip4/127.0.0.1/tcp/1"},
		Keys: member.KeySet{
			Node: public(member.Node), Operator: public(member.Operator), Seat: public(member.Seat),
			Log: public(member.Log), Cosigner: public(member.Cosigner), Root: public(member.Root),
		},
	}, func(r member.Role) ed25519.PrivateKey { return c.key(i, r) })
}

func (c *consortium) signer(i int, role member.Role) entry.Signer {
	return entry.Signer{Key: c.key(i, role), LedgerID: c.genesis.ID()}
}

// sign makes each writer's next n entries, after those that seqs counts, and counts them.
func (c *consortium) sign(seqs []uint64, n int) ([][][]byte, error) {
	out := make([][][]byte, len(seqs))
	for i := range seqs {
		signer := c.signer(i, member.Operator)
		for range n {
			seqs[i]++
			raw, err := entry.NewNodeInfo(signer, seqs[i], []string{"/ip4/127.0.0.1/tcp/2"}, fmt.Sprintf("v0.0.%d", seqs[i]))
			if err != nil {
				return nil, err
			}
			out[i] = append(out[i], raw)
		}
	}
	return out, nil
}
