package entry

import (
	"maps"
	"slices"
	"testing"

	"github.com/crosslight/crosslight/ledger/policy"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/specs"
)

// ledgerMaps are the maps of ledger.cddl that are messages of this package and of those below it.
var ledgerMaps = map[string]any{
	"signed-card": member.SignedCard{}, "card": member.Card{}, "key-set": member.KeySet{},
	"genesis-file": genesisFile{}, "genesis": Genesis{}, "thresholds": Thresholds{}, "fraction": Fraction{},
	"policy": policy.Policy{}, "rule": policy.Rule{}, "ceiling": policy.Ceiling{}, "envelope": Envelope{},
	"node-info": NodeInfo{}, "epoch-commit": EpochCommit{}, "epoch-key": EpochKey{}, "propose": Propose{},
	"admit": Admit{}, "suspend": Suspend{}, "reinstate": Reinstate{}, "set-policy": SetPolicy{}, "expel": Expel{},
	"set-seat": SetSeat{}, "set-voter": SetVoter{}, "set-sector": SetSector{}, "set-thresholds": SetThresholds{},
	"revoke-key": RevokeKey{}, "set-upgrade": SetUpgrade{}, "vote": Vote{}, "withdraw-proposal": WithdrawProposal{},
	"emergency-suspend": EmergencySuspend{}, "clock-attest": ClockAttest{}, "ack": Ack{}, "rotate": Rotate{},
	"rotation": Rotation{}, "revoke": Revoke{}, "hand-over": HandOver{}, "seal": Seal{}, "state-anchor": StateAnchor{},
	"recovery": Recovery{}, "recovery-statement": RecoveryStatement{},
	"open-audit": OpenAudit{}, "audit-commit": AuditCommit{}, "day-log": DayLog{}, "audit-nonce": AuditNonce{},
	"audit-reveal": AuditReveal{}, "audit-verdict": AuditVerdict{}, "legal-hold": LegalHold{}, "affiliate": Affiliate{}, "epoch-end": EpochEnd{},
}

// elsewhere are those that tests beside their structs compare: ledger/state, ledger/forward, ledger/replica,
// node/invite.
var elsewhere = []string{
	"state", "state-member", "state-seq", "state-proposal", "submit-request", "submit-response", "raft-request", "raft-append",
	"raft-entry", "raft-server", "raft-vote", "raft-snapshot", "raft-reply", "raft-point", "snapshot-header", "invitation",
	"state-audit", "epoch",
}

// TestCDDL: the published schemas have the fields that the messages have, no more and no fewer, and no map of
// them is left out.
func TestCDDL(t *testing.T) {
	for _, words := range specs.SchemaDifference("ledger.cddl", ledgerMaps) {
		t.Error(words)
	}
	all, err := specs.MapKeys("ledger.cddl")
	if err != nil {
		t.Fatal(err)
	}
	compared := append(slices.Collect(maps.Keys(ledgerMaps)), elsewhere...)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if !slices.Contains(compared, name) {
			t.Errorf("the map %q of the schema is compared with no struct: name its struct here, or who does it elsewhere", name)
		}
	}
	for _, name := range elsewhere {
		if _, ok := all[name]; !ok {
			t.Errorf("the schema has no map %q", name)
		}
	}
}
