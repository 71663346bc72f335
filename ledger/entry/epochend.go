package entry

// EpochEnd calls the epoch of a member, or of all, to end. Ordinary threshold: it costs its holder an
// index and everybody else a fetch, and takes nothing from anyone.
type EpochEnd struct {
	Member string `cbor:"1,keyasint"` // empty for all
}

// ProposalKind is ProposeEpochEnd.
func (EpochEnd) ProposalKind() ProposalKind { return ProposeEpochEnd }

// Subject is the member's name, or says that it is all of them.
func (p EpochEnd) Subject() string {
	if p.Member == "" {
		return "all members"
	}
	return p.Member
}

func (p EpochEnd) check() error {
	if p.Member == "" {
		return nil
	}
	return checkMemberName(p.Member)
}
