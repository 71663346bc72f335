package local

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"

	"github.com/crosslight/crosslight/node/audit"
	"github.com/crosslight/crosslight/protocol/indicator"
	"github.com/crosslight/crosslight/protocol/session"
)

// opening is what opens a request to an auditor. It is kept before the request leaves: a question that
// cannot be opened counts as a false one.
func (w *writer) opening(f flight) audit.Asked {
	return audit.Asked{
		Question: f.question, Digests: digestsOf(f.questions), Blinds: f.blinded.Blinds(), Retention: w.permit.RetentionDays(),
		CaseNonce: w.plan.caseNonce(w.holder.PeerID, w.typ), Case: w.plan.req.Case,
	}
}

// noteAnswered tells the log of questions that the holder has signed an answer.
func (a *asking) noteAnswered(f flight, answer *session.Answer) {
	if answer.Receipt.Code == session.OK {
		a.hub.cfg.Audit.Answered(f.question.Hash)
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
