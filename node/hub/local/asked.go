package local

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"

	"github.com/crosslight/crosslight/ledger"
	"github.com/crosslight/crosslight/node/audit"
	"github.com/crosslight/crosslight/privacy/voprf"
	"github.com/crosslight/crosslight/protocol/indicator"
	"github.com/crosslight/crosslight/protocol/session"
)

// keepOpening keeps what opens a request to an auditor. Only then may the request leave: a question that
// cannot be opened counts as a false one.
func (a *asking) keepOpening(ctx context.Context, permit ledger.Permit, t indicator.Type, digests [][]byte, blinded *voprf.Request, msg []byte) ([32]byte, error) {
	return a.hub.cfg.Audit.Asked(ctx, audit.Asked{
		Message: msg, Digests: digests, Blinds: blinded.Blinds(), Retention: permit.RetentionDays(),
		CaseNonce: a.plan.caseNonce(a.exchange.holder.PeerID, t), Case: a.plan.req.Case,
	})
}

// noteAnswered tells the log of questions that the holder has signed an answer.
func (a *asking) noteAnswered(f flight, answer *session.Answer) {
	if answer.Receipt.Code == session.OK {
		a.hub.cfg.Audit.Answered(f.hash)
	}
}

// caseNonce opens the commitment to the case reference that one holder is given for one type, 32 bytes;
// empty without a case.
func (p *plan) caseNonce(holder string, t indicator.Type) []byte {
	if p.req.Case == "" {
		return []byte{}
	}
	mac := hmac.New(sha256.New, p.salt[:])
	fmt.Fprintf(mac, "crosslight/case/v1 nonce\x00%s\x00%s", holder, t)
	return mac.Sum(nil)
}
