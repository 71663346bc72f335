package node

import (
	"errors"
	"fmt"
	"slices"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/keys"
	"github.com/crosslight/crosslight/protocol/member"
)

// KeyGrace is how much ledger time passes between the end of a key and its destruction, in seconds: as long
// as a rotation can wait.
const KeyGrace = state.RotationWait

var (
	// ErrNothingFinal reports a home whose ledger shows nothing as final.
	ErrNothingFinal = errors.New("this node holds nothing of the ledger as final: start it and let it catch up first")
	// ErrNoOldKey reports a key id that is no old key of this member.
	ErrNoOldKey = errors.New("no such key here: `crosslight key show` lists this member's")
)

// KeyFate says what becomes of an old key that is kept here.
type KeyFate struct {
	Role      string  `json:"role"`
	ID        string  `json:"id"`
	Destroyed bool    `json:"destroyed"` // under a dry run: it would be
	Reason    *string `json:"reason"`    // why it is kept; null where it is not
}

// DestroyKeys destroys the private keys of a stopped node whose end on the ledger is final and a day of
// ledger time past; with names, only those ids. A dry run only says which. What is destroyed stays on the
// ledger as retired: it signs nothing, here or there, ever.
func DestroyKeys(dir string, passphrase []byte, names []string, workFactor int, dry bool) ([]KeyFate, error) {
	o, err := openStopped(dir, passphrase)
	if err != nil {
		return nil, err
	}
	defer o.close()
	final, times, err := o.final()
	if err != nil {
		return nil, err
	}
	fates, list := []KeyFate{}, []member.PublicKey{}
	for _, r := range final.RetiredKeys(o.name) {
		id := r.Key.ID().String()
		if o.ring.Held(r.Key) == nil || len(names) > 0 && !slices.Contains(names, id) {
			continue
		}
		f := KeyFate{Role: string(r.Role), ID: id}
		if reason := o.keeps(final, r, times[r.Index]); reason != "" {
			f.Reason = &reason
		} else {
			f.Destroyed = true
			list = append(list, r.Key)
		}
		fates = append(fates, f)
	}
	for _, name := range names {
		if !slices.ContainsFunc(fates, func(f KeyFate) bool { return f.ID == name }) {
			return nil, fmt.Errorf("%w: %s is no old key of this member that is final and kept here", ErrNoOldKey, name)
		}
	}
	if dry || len(list) == 0 {
		return fates, nil
	}
	return fates, keys.Destroy(o.home.Keys(), passphrase, workFactor, list)
}

// keeps says why an old key, which ended at that ledger time, is not to be destroyed yet.
func (o *stopped) keeps(final *state.State, r state.RetiredKey, ended uint64) string {
	switch _, open := final.HandOver(); {
	case o.ring.Set().Of(r.Role) == r.Key:
		return "the node signs with it until it has been started again with the new one"
	case open && (r.Role == member.Node || r.Role == member.Log || r.Role == member.Cosigner):
		return "the voters have not handed over yet"
	case final.Time() < ended+KeyGrace:
		return "until ledger time " + entry.Instant(ended+KeyGrace)
	}
	return ""
}

// final executes what is final once more, without checking signatures that were checked before, and returns
// with it the ledger time after each leaf.
func (o *stopped) final() (*state.State, []uint64, error) {
	size := o.ledger.Final.Size
	if o.lost || size == 0 || size > uint64(len(o.ledger.Leaves)) {
		return nil, nil, ErrNothingFinal
	}
	s, err := state.New(o.genesis)
	if err != nil {
		return nil, nil, err
	}
	times := []uint64{s.Time()}
	for _, leaf := range o.ledger.Leaves[1:size] {
		if _, err := s.ApplyPrefetched(s.Repeat(leaf)); err != nil {
			return nil, nil, err
		}
		times = append(times, s.Time())
	}
	if s.Root() != o.ledger.Final.Root {
		return nil, nil, fmt.Errorf("%w: its history is not the one that is final", ErrNothingFinal)
	}
	return s, times, nil
}

// AdoptedKey is a key that a node uses from its next start on.
type AdoptedKey struct {
	Role   string `json:"role"`
	ID     string `json:"id"`
	Before string `json:"before"` // id of the key that it used
	DryRun bool   `json:"dry_run"`
}

// AdoptKey has a stopped node use a key that it drew for a rotation of its own, where a crash kept it from
// hearing that the ledger has it. A key that the ledger here knows as ended is refused; whether the ledger has
// it now, this node cannot know: if not, nobody lets it in, and adopting the key before undoes it.
func AdoptKey(dir string, passphrase []byte, id string, dry bool) (AdoptedKey, error) {
	o, err := openStopped(dir, passphrase)
	if err != nil {
		return AdoptedKey{}, err
	}
	defer o.close()
	for _, role := range []member.Role{member.Node, member.Log, member.Cosigner, member.Operator, member.Seat} {
		for _, key := range o.ring.Kept(role) {
			if key.ID().String() != id {
				continue
			}
			out := AdoptedKey{Role: string(role), ID: id, Before: o.ring.Set().Of(role).ID().String(), DryRun: dry}
			if err := o.notEnded(key); err != nil || dry {
				return out, err
			}
			return out, keys.Adopt(o.home.Keys(), passphrase, role, key)
		}
	}
	return AdoptedKey{}, fmt.Errorf("%w: %s", ErrNoOldKey, id)
}

// notEnded refuses a key that the ledger, as far as it is here, has retired.
func (o *stopped) notEnded(key member.PublicKey) error {
	s, err := state.New(o.genesis)
	if err != nil {
		return err
	}
	for _, leaf := range o.ledger.Leaves[1:] {
		if _, err := s.ApplyPrefetched(s.Repeat(leaf)); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(s.RetiredKeys(o.name), func(r state.RetiredKey) bool { return r.Key == key }) {
		return fmt.Errorf("%w: %s", entry.ErrRevokedKey, key.ID())
	}
	return nil
}
