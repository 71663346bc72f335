package node

import (
	"errors"
	"fmt"
	"os"

	"github.com/crosslight/crosslight/node/home"
	"github.com/crosslight/crosslight/node/keys"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

// InitConfig says who a new node works for.
type InitConfig struct {
	Home         string
	Name         string
	Sector       string
	Jurisdiction string
	Listen       []string // multiaddrs that others can dial; they stand in the card and on the ledger
	Passphrase   []byte
	WorkFactor   int // log2 of scrypt's N for the key files; 0 is the default. Tests take less.
}

// Init makes a home folder with fresh keys and the member's card, which goes to whoever drafts the
// genesis or proposes the admission. The folder must be empty or not exist; after an error that this
// call caused, it does not exist.
func Init(cfg InitConfig) (member.SignedCard, error) {
	sector, err := member.ParseSector(cfg.Sector)
	if err != nil {
		return member.SignedCard{}, err
	}
	if err := preflight(cfg); err != nil {
		return member.SignedCard{}, err
	}
	h, err := home.Create(cfg.Home)
	if err != nil {
		return member.SignedCard{}, err
	}
	card, err := fill(h, cfg, sector)
	if err != nil {
		return member.SignedCard{}, errors.Join(err, os.RemoveAll(cfg.Home))
	}
	return card, nil
}

// preflight refuses what would be refused later, before a folder exists.
func preflight(cfg InitConfig) error {
	if err := member.CheckName(cfg.Name); err != nil {
		return err
	}
	if err := member.CheckJurisdiction(cfg.Jurisdiction); err != nil {
		return err
	}
	return member.CheckAddresses(cfg.Listen)
}

func fill(h home.Home, cfg InitConfig, sector member.Sector) (member.SignedCard, error) {
	ring, err := keys.Create(h.Keys(), cfg.Passphrase, keys.Options{WorkFactor: cfg.WorkFactor})
	if err != nil {
		return member.SignedCard{}, err
	}
	card, err := member.SignCard(member.Card{
		V: 1, Name: cfg.Name, Sector: sector, Jurisdiction: cfg.Jurisdiction,
		Keys: ring.Set(), Addresses: cfg.Listen,
	}, ring.Private)
	if err != nil {
		return member.SignedCard{}, err
	}
	raw, err := wire.Encode(card)
	if err != nil {
		return member.SignedCard{}, err
	}
	return card, home.WriteFile(h.Card(), raw, 0o600)
}

// ParseCard reads a member card and verifies its six signatures.
func ParseCard(raw []byte) (member.SignedCard, error) {
	var card member.SignedCard
	if err := wire.Decode(raw, &card, member.MaxCard); err != nil {
		return member.SignedCard{}, fmt.Errorf("this file is no member card (HOME/member.card of the applicant): %w", err)
	}
	return card, card.Check()
}

// ownCard reads the card of a home.
func ownCard(h home.Home) (member.SignedCard, error) {
	raw, err := os.ReadFile(h.Card())
	if err != nil {
		return member.SignedCard{}, fmt.Errorf("read this member's card: %w", err)
	}
	return ParseCard(raw)
}
