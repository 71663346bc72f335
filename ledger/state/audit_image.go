package state

import "github.com/crosslight/crosslight/ledger/entry"

// auditImage is an Audit without what follows from the logs.
type auditImage struct {
	ID       entry.Hash      `cbor:"1,keyasint"`
	Content  entry.OpenAudit `cbor:"2,keyasint"`
	Phase    AuditPhase      `cbor:"3,keyasint"`
	Index    uint64          `cbor:"4,keyasint"`
	Opened   uint64          `cbor:"5,keyasint"`
	Round    uint64          `cbor:"6,keyasint"`
	Nonces   []AuditNonce    `cbor:"7,keyasint"`
	RevealBy uint64          `cbor:"8,keyasint"`
	Withheld []string        `cbor:"9,keyasint"`
	Seed     [32]byte        `cbor:"10,keyasint"`
	AnswerBy uint64          `cbor:"11,keyasint"`
	Verdicts []AuditVerdict  `cbor:"12,keyasint"`
}

func (s *State) auditImages() []auditImage {
	var out []auditImage
	for _, a := range s.audits {
		out = append(out, auditImage{
			ID: a.ID, Content: a.Content, Phase: a.Phase, Index: a.Index, Opened: a.Opened, Round: a.Round,
			Nonces: a.Nonces, RevealBy: a.RevealBy, Withheld: a.Withheld, Seed: a.Seed, AnswerBy: a.AnswerBy, Verdicts: a.Verdicts,
		})
	}
	return out
}
