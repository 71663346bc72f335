package local

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

// contentOf reads what is to be proposed.
func (h *Hub) contentOf(req hub.ProposeRequest) (entry.Proposal, error) {
	switch req.Kind {
	case "admit":
		var card member.SignedCard
		if err := wire.Decode(req.Card, &card, member.MaxCard); err != nil {
			return nil, fmt.Errorf("%w: no member card (the applicant's HOME/member.card): %w", hub.ErrInvalid, err)
		}
		return entry.Admit{Card: card, Seat: req.Seat}, nil
	case "suspend":
		return entry.Suspend{Member: req.Member}, nil
	case "reinstate":
		return entry.Reinstate{Member: req.Member}, nil
	case "expel":
		return entry.Expel{Member: req.Member}, nil
	case "seat":
		return entry.SetSeat{Member: req.Member, Seat: req.Seat}, nil
	case "voter":
		return entry.SetVoter{Member: req.Member, Voter: req.Voter}, nil
	case "sector":
		return entry.SetSector{Member: req.Member, Sector: member.Sector(req.Sector)}, nil
	case "epoch-end":
		return entry.EpochEnd{Member: req.Member}, nil
	case "policy":
		return h.policyContent(req)
	case "thresholds":
		return h.thresholdsContent(req)
	case "revoke":
		key, err := keyID(req.Key)
		return entry.RevokeKey{Key: key}, err
	case "upgrade":
		return entry.SetUpgrade{Version: req.Version}, nil
	}
	return nil, fmt.Errorf("%w: there are no proposals of kind %q: `crosslight proposal create --help` lists them", hub.ErrInvalid, req.Kind)
}

func (h *Hub) policyContent(req hub.ProposeRequest) (entry.Proposal, error) {
	if req.Policy == nil {
		return nil, fmt.Errorf("%w: no policy given", hub.ErrInvalid)
	}
	next := *req.Policy
	if next.Version == 0 { // left out: the next one
		h.cfg.Replica.View(func(s *state.State) { next.Version = s.Policy().Version + 1 })
	}
	return entry.SetPolicy{Policy: PolicyOf(next)}, nil
}

// thresholdsContent fills in what the request leaves as it is.
func (h *Hub) thresholdsContent(req hub.ProposeRequest) (entry.Proposal, error) {
	if req.Thresholds == nil {
		return nil, fmt.Errorf("%w: no thresholds given", hub.ErrInvalid)
	}
	var next entry.Thresholds
	h.cfg.Replica.View(func(s *state.State) { next = s.Thresholds() })
	for _, f := range []struct {
		text string
		to   *entry.Fraction
	}{
		{req.Thresholds.Ordinary, &next.Ordinary},
		{req.Thresholds.Grave, &next.Grave},
		{req.Thresholds.Constitutional, &next.Constitutional},
	} {
		if f.text == "" {
			continue
		}
		var err error
		if *f.to, err = fraction(f.text); err != nil {
			return nil, err
		}
	}
	if req.Thresholds.Sectors != 0 {
		next.Sectors = req.Thresholds.Sectors
	}
	return entry.SetThresholds{Thresholds: next}, nil
}

// fraction reads "more than 1/2" or "at least 2/3".
func fraction(text string) (entry.Fraction, error) {
	share, more := strings.CutPrefix(text, "more than ")
	if !more {
		share = strings.TrimPrefix(text, "at least ")
	}
	n, d, _ := strings.Cut(share, "/")
	num, err1 := strconv.ParseUint(n, 10, 32)
	den, err2 := strconv.ParseUint(d, 10, 32)
	if err1 != nil || err2 != nil {
		return entry.Fraction{}, fmt.Errorf("%w: threshold %q: write it as 'more than 1/2' or 'at least 2/3'", hub.ErrInvalid, text)
	}
	return entry.Fraction{Num: num, Den: den, More: more}, nil
}

// keyID reads the id of a key as `key show` and `ledger show` write it.
func keyID(digits string) (id member.KeyID, err error) {
	b, err := hex.DecodeString(digits)
	if err != nil || len(b) != len(id) {
		return id, fmt.Errorf("%w: a key's id is %d hexadecimal digits, as `crosslight key show` and `crosslight ledger show` have it", hub.ErrInvalid, 2*len(id))
	}
	return member.KeyID(b), nil
}
