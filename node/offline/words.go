package offline

import (
	"fmt"
	"strings"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/protocol/member"
)

// Words says, a line each, what a signature under this draft does. Everything is read from what is
// signed, nothing from [Draft.Seen]. vote is yes or no, or empty while it is not decided.
func (d Draft) Words(vote string) ([]string, error) {
	a, err := d.act()
	if err != nil {
		return nil, err
	}
	lines := append([]string{d.headline(a, vote)}, details(a.content)...)
	if d.Kind == entry.KindAuditReveal {
		lines = append(lines, revealWarning)
	}
	if a.reason != "" {
		lines = append(lines, "Reason given: "+a.reason)
	}
	return append(lines,
		fmt.Sprintf("Ledger %x, incarnation %d.", d.LedgerID, d.Incarnation),
		fmt.Sprintf("Entry %d of the %s key %s, drafted %s (ledger time) at %d entries, root %x.",
			d.Seq, d.Role(), d.Key.ID(), entry.Instant(d.Time), d.Size, d.Root),
	), nil
}

func (d Draft) headline(a act, vote string) string {
	switch d.Kind {
	case entry.KindPropose:
		return fmt.Sprintf("%s proposes to %s.", d.Member, entry.Phrase(a.content))
	case entry.KindSuspend:
		return fmt.Sprintf("%s calls for the emergency suspension of %s.", d.Member, d.Suspend.Member)
	case entry.KindWithdrawProposal:
		return fmt.Sprintf("%s takes back its proposal %s: to %s.", d.Member, a.proposal, entry.Phrase(a.content))
	case entry.KindRotate:
		return fmt.Sprintf("%s puts %s in the place of %s as its %s key, at once.", d.Member, d.Rotate.New.ID(), d.oldName(), d.Rotate.Role)
	case entry.KindRevoke:
		return fmt.Sprintf("%s revokes its key %s: it signs nothing more.", d.Member, d.Revoke.Key)
	case entry.KindLegalHold:
		return d.holdHeadline()
	case entry.KindAuditNonce, entry.KindAuditReveal, entry.KindAuditVerdict:
		return d.partHeadline(a)
	}
	if vote == "" {
		vote = "yes or no"
	}
	return fmt.Sprintf("%s votes %s on the proposal %s: to %s.", d.Member, strings.ToUpper(vote), a.proposal, entry.Phrase(a.content))
}

// details spells out what a proposal's phrase leaves out.
func details(p entry.Proposal) []string {
	switch p := p.(type) {
	case entry.Admit:
		return cardLines(p.Card.Card)
	case entry.OpenAudit:
		lines := []string{}
		for _, x := range p.Auditors {
			lines = append(lines, fmt.Sprintf("Auditor: %s, who reads what is opened to %s.", x.Member, x.Recipient))
		}
		return lines
	case entry.SetPolicy:
		lines := []string{"Purposes: " + strings.Join(p.Policy.Purposes, ", ") + "."}
		for _, r := range p.Policy.Rules {
			lines = append(lines, "It has "+r.String()+".")
		}
		return lines
	}
	return nil
}

func cardLines(c member.Card) []string {
	lines := []string{
		fmt.Sprintf("Applicant: %s, sector %s, jurisdiction %s.", c.Name, c.Sector, c.Jurisdiction),
		fmt.Sprintf("Its node: %s at %s.", c.Keys.Node.PeerID(), strings.Join(c.Addresses, ", ")),
	}
	for _, role := range member.Roles() {
		lines = append(lines, fmt.Sprintf("Its %s key: %s.", role, c.Keys.Of(role).ID()))
	}
	return lines
}
