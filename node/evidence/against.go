package evidence

import (
	"fmt"
	"slices"

	"github.com/crosslight/crosslight/ledger/audit"
	"github.com/crosslight/crosslight/ledger/finality"
	"github.com/crosslight/crosslight/protocol/member"
)

// ExamineAgainst is Examine for whoever has the ledger's genesis, or an export of it, and takes nobody's
// word: it also finds whose the keys are and, for two finals, whether their signers were the voters. What a
// genesis alone cannot tell, as of keys that came later, is found not proved, and the words ask for an
// export. The error is [ErrNothing].
func (r Record) ExamineAgainst(on audit.Roster) (Finding, error) {
	f, err := r.Examine()
	if err != nil {
		return f, err
	}
	if string(r.Ledger) != string(on.LedgerID[:]) {
		return Finding{}, fmt.Errorf("%w: it is about another ledger", ErrNothing)
	}
	switch r.Kind {
	case "false-proof":
		return r.evaluatedBy(on, f)
	case "manifest-fork":
		return r.nodeOf(on, f)
	case "manifest-anchor":
		if f, err = r.nodeOf(on, f); err != nil || !f.Proved {
			return f, err
		}
		return r.owned(on, f, member.Operator)
	case "finality-equivocation":
		return r.owned(on, f, member.Log)
	case "ledger-equivocation":
		return r.owned(on, f, member.Operator, member.Seat, member.Log, member.Root)
	case FalseOpening:
		return r.querier(on, f)
	case "finality-fork":
		return r.againstVoters(on, f)
	}
	return f, nil
}

// owned names, in the place of what was left to compare, the member whose key signed both.
func (r Record) owned(on audit.Roster, f Finding, roles ...member.Role) (Finding, error) {
	id := member.PublicKey(r.Key).ID() // its length was checked
	key, name, role, ok := on.Owner(id)
	f.Words = f.Words[:len(f.Words)-1]
	if !ok {
		f.Proved = false
		f.Words = append(f.Words, "No member held this key as far as this file shows: name a newer export of the ledger.")
		return f, nil
	}
	if string(key[:]) != string(r.Key) || !slices.Contains(roles, role) {
		return Finding{}, fmt.Errorf("%w: the key is the %s key of %s, which signs nothing of the kind", ErrNothing, role, name)
	}
	if accused, ok := r.accused(on); ok && accused != name {
		return Finding{}, fmt.Errorf("%w: the key is the %s key of %s, and %s is accused", ErrNothing, role, name, accused)
	}
	f.Words = append(f.Words, fmt.Sprintf("It is the %s key of %s.", role, name))
	return f, nil
}

// accused is the member whose node key the accused's peer ID is, or was.
func (r Record) accused(on audit.Roster) (name string, ok bool) {
	key, err := member.ParsePeerID(r.Accused)
	if err != nil {
		return "", false
	}
	_, name, role, ok := on.Owner(key.ID())
	return name, ok && role == member.Node
}

// nodeOf names, in the place of what was left to compare, the member whose node signed what it is accused of.
// That of an anchor stays: its entry's key is compared next.
func (r Record) nodeOf(on audit.Roster, f Finding) (Finding, error) {
	name, ok := r.accused(on)
	if !ok {
		f.Proved = false
		f.Words = append(f.Words, "The accused's peer ID is no member's as far as this file shows: name a newer export of the ledger.")
		return f, nil
	}
	words := f.Words
	if r.Kind == "manifest-fork" {
		words = words[:len(words)-1]
	}
	f.Words = slices.Insert(words, 0, fmt.Sprintf("The accused is the node of %s.", name))
	return f, nil
}

// evaluatedBy compares the key that the accused should have used with the one that it committed to. A record
// with any other key accuses whoever kept it of an error, or worse.
func (r Record) evaluatedBy(on audit.Roster, f Finding) (Finding, error) {
	name, ok := r.accused(on)
	if !ok {
		return r.nodeOf(on, f)
	}
	exchange, _, err := r.exchange()
	if err != nil {
		return Finding{}, err
	}
	question := exchange.Header
	key, ok := on.OPRFKey(name, question.Epoch, question.Type)
	f.Words = f.Words[:len(f.Words)-1]
	switch {
	case !ok:
		f.Proved = false
		f.Words = append(f.Words, fmt.Sprintf("This file shows no key of %s for %s in its epoch %d: name an export of the ledger that has it.", name, question.Type, question.Epoch))
		return f, nil
	case string(key[:]) != string(r.Key):
		return Finding{}, fmt.Errorf("%w: the key of %s for %s in its epoch %d is another", ErrNothing, name, question.Type, question.Epoch)
	}
	f.Words = append(f.Words, fmt.Sprintf("It is the key of %s for %s in its epoch %d.", name, question.Type, question.Epoch))
	return f, nil
}

// againstVoters verifies both certificates with the voters of one time, and names who signed both.
func (r Record) againstVoters(on audit.Roster, f Finding) (Finding, error) {
	var both [2]finality.Certificate
	for i, raw := range [][]byte{r.Request, r.Response} {
		var err error
		if both[i], err = finality.ParseCertificate(raw); err != nil {
			return Finding{}, fmt.Errorf("%w: %w", ErrNothing, err)
		}
	}
	f.Words = f.Words[:1+2] // what they say; the rest is said better below
	for _, voters := range on.Voters() {
		if both[0].Verify(voters) != nil || both[1].Verify(voters) != nil {
			continue
		}
		f.Proved = true
		f.Words = append(f.Words, fmt.Sprintf("Both are signed by a quorum of the same %d voters, of whom more than %d cheated.", voters.N(), voters.Cheats()))
		names, err := signedBoth(on, both)
		f.Words = append(f.Words, names...)
		return f, err
	}
	f.Words = append(f.Words, "No voters that this file shows signed both: name an export of the ledger that goes to this height, or the signatures are forged.")
	return f, nil
}

// signedBoth names the members whose log keys stand under both certificates. Of one round they have signed
// twice what may be signed once; of two, at least more than b of them have broken a lock.
func signedBoth(on audit.Roster, both [2]finality.Certificate) (words []string, err error) {
	for _, a := range both[0].Votes {
		if !slices.ContainsFunc(both[1].Votes, func(b finality.Vote) bool { return a.Signer == b.Signer }) {
			continue
		}
		_, name, _, ok := on.Owner(a.Signer)
		if !ok {
			return nil, fmt.Errorf("%w: a voter without a key on the ledger", ErrNothing)
		}
		how := "locked both, in two rounds"
		if both[0].Round == both[1].Round {
			how = "signed both in one round"
		}
		words = append(words, fmt.Sprintf("  %s %s", name, how))
	}
	return words, nil
}

// querier names the member whose node key the record names, before the words on who can judge it.
func (r Record) querier(on audit.Roster, f Finding) (Finding, error) {
	_, name, role, ok := on.Owner(member.PublicKey(r.Key).ID()) // its length was checked
	switch {
	case !ok:
		return f, nil
	case role != member.Node:
		return Finding{}, fmt.Errorf("%w: the key is the %s key of %s, which answers no audit", ErrNothing, role, name)
	}
	f.Words = slices.Insert(f.Words, 1, fmt.Sprintf("The accused is %s: it is the node key of %s.", name, name))
	return f, nil
}
