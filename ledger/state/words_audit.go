package state

import (
	"fmt"

	"github.com/crosslight/crosslight/ledger/draw"
	"github.com/crosslight/crosslight/ledger/entry"
)

func (s *State) describeAudit(p entry.OpenAudit) []string {
	total := draw.Total(s.Segments(p.Querier, p.Holder, p.First, p.Last))
	n := min(p.Positions, total)
	lines := []string{
		fmt.Sprintf("%d of %d questions that %s put to %s from %s to %s are drawn and opened.", n, total, p.Querier, p.Holder, entry.Day(p.First), entry.Day(p.Last)),
		fmt.Sprintf("If one in a hundred is not as it should be, that shows with %.0f %%.", 100*draw.Found(total, max(total/100, 1), n)),
		"Two seats of different sectors commit to nonces and then reveal them: `crosslight audit nonce`.",
		"Until it has ended " + p.Querier + " erases nothing of these days.",
	}
	for _, a := range p.Auditors {
		lines = append(lines, fmt.Sprintf("%s sees the digests that are opened, and gives its verdict on the ledger.", a.Member))
	}
	for _, d := range s.Differences(p.First, p.Last) {
		if d.Querier == p.Querier && d.Holder == p.Holder {
			lines = append(lines, fmt.Sprintf("The two logs of %s do not agree: nothing of that day is drawn.", entry.Day(d.Day)))
		}
	}
	return lines
}
