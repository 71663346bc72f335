package node

import (
	"github.com/crosslight/crosslight/ledger/replica"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/audit"
)

// openAudit makes what keeps this member's questions for audits.
func (n *Node) openAudit() {
	n.audit = audit.New(audit.Config{
		Name: n.card.Card.Name, LedgerID: n.genesis.ID(), Ring: n.ring, Store: n.store, Ledger: n.replica,
		Submit: n.submit, Net: n.host, Dir: n.home.Audits(), Log: n.log, Now: n.cfg.Now, Settled: n.settled,
		Final: n.viewFinal, Automatic: n.cfg.AnswerAudits,
	})
}

// viewFinal shows what is final. Without finality, which only a test can bring about, that is the newest.
func (n *Node) viewFinal(read func(*state.State)) {
	n.replica.ViewBoth(func(final, tip *state.State, _ replica.FinalPoint) {
		if n.replica.Decides() {
			read(final)
			return
		}
		read(tip)
	})
}
