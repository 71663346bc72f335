package node

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/policy"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/home"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/hub/local"
	"github.com/crosslight/crosslight/node/keys"
	"github.com/crosslight/crosslight/protocol/member"
)

var (
	// ErrFounded reports a home that belongs to a consortium already.
	ErrFounded = errors.New("this home belongs to a consortium already")
	// ErrNotInGenesis reports a genesis of which this home's member is no founder.
	ErrNotInGenesis = errors.New("this home's member is not among the founders: have the draft made again with its member.card")
)

// GenesisInfo is what a genesis file says, for the founders to compare before they sign.
type GenesisInfo struct {
	LedgerID  string        `json:"ledger_id"` // hex; empty until every founder has signed
	Draft     string        `json:"draft"`     // hex SHA-256 of what is signed: compare it over another channel
	CreatedAt time.Time     `json:"created_at"`
	Founders  []FounderInfo `json:"founders"`
	Policy    hub.Policy    `json:"policy"`
	Missing   []string      `json:"missing"` // founders who have not signed
	Quorum    int           `json:"quorum"`  // of the founders, who are the first voters, make an entry final
	Trial     bool          `json:"trial"`   // fewer than four voters tolerate no cheat
}

// FounderInfo is one founder in a genesis.
type FounderInfo struct {
	Name         string   `json:"name"`
	Sector       string   `json:"sector"`
	Jurisdiction string   `json:"jurisdiction"`
	PeerID       string   `json:"peer_id"`
	Addresses    []string `json:"addresses"`
	Signed       bool     `json:"signed"`
}

// GenesisCreate drafts a consortium from its founders' cards. A nil policy is the default one.
func GenesisCreate(cards [][]byte, pol *hub.Policy, now time.Time) ([]byte, error) {
	var founders []member.SignedCard
	for i, raw := range cards {
		card, err := ParseCard(raw)
		if err != nil {
			return nil, fmt.Errorf("card %d: %w", i+1, err)
		}
		founders = append(founders, card)
	}
	rules := policy.Default()
	if pol != nil {
		rules = local.PolicyOf(*pol)
	}
	draft, err := entry.NewGenesis(founders, rules, entry.DefaultThresholds(), uint64(now.Unix()), rand.Reader)
	if errors.Is(err, entry.ErrSectorMajority) {
		return nil, fmt.Errorf("%w: found with members of other sectors, and admit the others of this one afterwards", err)
	}
	if err != nil {
		return nil, err
	}
	return draft.Bytes()
}

// GenesisShow says what a genesis file holds, signed or not.
func GenesisShow(file []byte) (GenesisInfo, error) {
	draft, err := entry.ParseDraft(file)
	if err != nil {
		return GenesisInfo{}, fmt.Errorf("this file is no genesis: %w", err)
	}
	return genesisInfo(draft)
}

// GenesisSign adds the signature of the home's member and returns the file. The signature is by the
// seat key.
func GenesisSign(dir string, passphrase, file []byte) ([]byte, error) {
	h, err := home.Open(dir)
	if err != nil {
		return nil, err
	}
	draft, err := entry.ParseDraft(file)
	if err != nil {
		return nil, fmt.Errorf("this file is no genesis: %w", err)
	}
	if err := founderOf(h, draft); err != nil {
		return nil, err
	}
	ring, err := keys.Open(h.Keys(), passphrase)
	if err != nil {
		return nil, err
	}
	seat, err := ring.Seat()
	if err != nil {
		return nil, err
	}
	signed, err := draft.Sign(seat)
	if err != nil {
		return nil, err
	}
	return signed.Bytes()
}

// GenesisJoin puts the signatures of several copies of one genesis together and, when all founders
// have signed, binds the home to that ledger for good.
func GenesisJoin(dir string, files [][]byte) (GenesisInfo, error) {
	h, err := home.Open(dir)
	if err != nil {
		return GenesisInfo{}, err
	}
	if len(files) == 0 {
		return GenesisInfo{}, fmt.Errorf("%w: no genesis file given", entry.ErrGenesis)
	}
	var drafts []entry.Draft
	for i, file := range files {
		draft, err := entry.ParseDraft(file)
		if err != nil {
			return GenesisInfo{}, fmt.Errorf("file %d is no genesis: %w", i+1, err)
		}
		drafts = append(drafts, draft)
	}
	merged, err := entry.Merge(drafts[0], drafts[1:]...)
	if err != nil {
		return GenesisInfo{}, err
	}
	complete, err := merged.Complete()
	if err != nil {
		return GenesisInfo{}, fmt.Errorf("%w: every founder runs `crosslight genesis sign` and passes its file on", err)
	}
	if err := founderOf(h, merged); err != nil {
		return GenesisInfo{}, err
	}
	if err := bind(h, complete); err != nil {
		return GenesisInfo{}, err
	}
	return genesisInfo(merged)
}

// bind writes the genesis into a home that has none, or the same.
func bind(h home.Home, g entry.SignedGenesis) error {
	if err := bindable(h, g); err != nil {
		return err
	}
	return home.WriteFile(h.Genesis(), g.Raw(), 0o600)
}

// bindable refuses a home that belongs to another consortium.
func bindable(h home.Home, g entry.SignedGenesis) error {
	old, err := os.ReadFile(h.Genesis())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("read the genesis: %w", err)
	case string(old) != string(g.Raw()):
		return fmt.Errorf("%w: another one; make a new home for this one", ErrFounded)
	}
	return nil
}

// founderOf checks that the home's member is a founder with the very keys of its card.
func founderOf(h home.Home, d entry.Draft) error {
	card, err := ownCard(h)
	if err != nil {
		return err
	}
	for _, f := range d.Genesis().Founders {
		if f.Card.Name == card.Card.Name && f.Card.Keys == card.Card.Keys {
			return nil
		}
	}
	return ErrNotInGenesis
}

func genesisInfo(d entry.Draft) (GenesisInfo, error) {
	g := d.Genesis()
	info := GenesisInfo{
		CreatedAt: time.Unix(int64(g.CreatedAt), 0).UTC(), Policy: local.PolicyToHub(g.Policy),
		Missing: append([]string{}, d.Missing()...), Trial: len(g.Founders) < 4,
		Quorum: state.Quorum(len(g.Founders)),
	}
	digest := d.Digest()
	info.Draft = hex.EncodeToString(digest[:])
	missing := map[string]bool{}
	for _, name := range info.Missing {
		missing[name] = true
	}
	for _, f := range g.Founders {
		info.Founders = append(info.Founders, FounderInfo{
			Name: f.Card.Name, Sector: string(f.Card.Sector), Jurisdiction: f.Card.Jurisdiction,
			PeerID: f.Card.Keys.Node.PeerID(), Addresses: f.Card.Addresses, Signed: !missing[f.Card.Name],
		})
	}
	if len(info.Missing) > 0 {
		return info, nil
	}
	complete, err := d.Complete()
	if err != nil {
		return GenesisInfo{}, err
	}
	id := complete.ID()
	info.LedgerID = hex.EncodeToString(id[:])
	return info, nil
}
