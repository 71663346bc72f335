package state_test

import (
	"crypto/ed25519"
	"slices"
	"strings"
	"testing"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/protocol/member"
)

func idOf(k ed25519.PrivateKey) member.KeyID { return member.PublicOf(k).ID() }

// TestRotateAtOnce: with the root key's signature another key takes over, and the old one is nothing.
func TestRotateAtOnce(t *testing.T) {
	for _, role := range []member.Role{member.Operator, member.Seat, member.Root} {
		t.Run(string(role), func(t *testing.T) {
			l := ledgertest.Three(t)
			key, old, root := bank.Another(role, 1), bank.Private(role), bank.Private(member.Root)
			if role == member.Root {
				root = nil // it signs as the old key
			}
			b := l.Rotation(bank, role, key, old, root)
			if text := strings.Join(l.S.DescribeRotate(bank.Name, b), "\n"); !strings.Contains(text, "at once") {
				t.Error(text)
			}
			out := l.Put(l.Rotate(bank.Private(member.Operator), b))
			has(t, out.Events, state.KeyRotated)
			m, _ := l.S.Member(bank.Name)
			if m.Keys.Of(role) != member.PublicOf(key) {
				t.Error("the key did not change")
			}
			want := []state.RetiredKey{{Role: role, Key: member.PublicOf(old), Index: out.Index}}
			if got := l.S.RetiredKeys(bank.Name); !slices.Equal(got, want) {
				t.Errorf("retired %+v", got)
			}
			if k, owner, _, stands, ok := l.S.KeyByID(idOf(old)); !ok || stands || owner != bank.Name || k != member.PublicOf(old) {
				t.Error("the old key is forgotten or stands")
			}
			refuses(t, l, l.Revoke(old, idOf(key)), entry.ErrRevokedKey)
			back := l.Rotation(bank, role, old, key, bank.Private(member.Root))
			if role == member.Root {
				back = l.Rotation(bank, role, old, key, nil)
			}
			refuses(t, l, l.Rotate(police.Private(member.Operator), back), entry.ErrKeyExists) // whoever enters it
		})
	}
}

// TestRotateWaits: without the root key it takes a day, in which whoever of the member notices stops it.
func TestRotateWaits(t *testing.T) {
	key := bank.Another(member.Seat, 1)
	start := func(t *testing.T) *ledgertest.Ledger {
		l := ledgertest.Three(t)
		b := l.Rotation(bank, member.Seat, key, bank.Private(member.Seat), nil)
		if text := strings.Join(l.S.DescribeRotate(bank.Name, b), "\n"); !strings.Contains(text, "2026-01-02T00:00:00Z") {
			t.Error(text)
		}
		has(t, l.Put(l.Rotate(bank.Private(member.Seat), b)).Events, state.RotationAnnounced)
		return l
	}
	t.Run("comes into force", func(t *testing.T) {
		l := start(t)
		refuses(t, l, l.Forge(key, entry.KindVote, entry.Vote{}, nil), entry.ErrRevokedKey)
		other := l.Rotation(bank, member.Seat, bank.Another(member.Seat, 2), bank.Private(member.Seat), nil)
		refuses(t, l, l.Rotate(bank.Private(member.Operator), other), entry.ErrRotationWaits)
		l.Advance(state.RotationWait-1, platform, police)
		id := l.Put(l.Propose(bank, entry.Suspend{Member: police.Name})).Hash // the old key, to the last second
		has(t, l.Advance(1, platform, police).Events, state.TimeMoved, state.KeyRotated)
		refuses(t, l, l.Forge(bank.Private(member.Seat), entry.KindVote, entry.Vote{Proposal: id}, nil), entry.ErrRevokedKey)
		l.Put(l.Forge(key, entry.KindVote, entry.Vote{Proposal: id, Yes: true}, nil))
		if len(l.S.Rotations(bank.Name)) != 0 {
			t.Error("it still waits")
		}
	})
	for _, role := range []member.Role{member.Operator, member.Seat, member.Root} {
		t.Run("stopped by the "+string(role)+" key", func(t *testing.T) {
			l := start(t)
			if text := l.S.DescribeRevokeKey(bank.Name, idOf(key)); len(text) != 1 || !strings.Contains(text[0], "does not happen") {
				t.Errorf("%q", text)
			}
			has(t, l.Put(l.Revoke(bank.Private(role), idOf(key))).Events, state.RotationStopped)
			l.Advance(state.RotationWait, platform, police)
			if m, _ := l.S.Member(bank.Name); m.Keys.Seat != bank.Keys().Seat {
				t.Error("it came into force")
			}
			again := l.Rotation(bank, member.Seat, key, bank.Private(member.Seat), bank.Private(member.Root))
			refuses(t, l, l.Rotate(bank.Private(member.Seat), again), entry.ErrKeyExists)
		})
	}
	t.Run("not stopped by others", func(t *testing.T) {
		l := start(t)
		refuses(t, l, l.Revoke(police.Private(member.Root), idOf(key)), entry.ErrNoSuchKey)
		refuses(t, l, l.Revoke(bank.Private(member.Log), idOf(key)), entry.ErrWrongRole)
	})
	t.Run("overtaken by the root key", func(t *testing.T) {
		l := start(t)
		other := bank.Another(member.Seat, 2)
		b := l.Rotation(bank, member.Seat, other, nil, bank.Private(member.Root))
		l.Put(l.Rotate(bank.Private(member.Operator), b))
		l.Advance(state.RotationWait, platform, police)
		if m, _ := l.S.Member(bank.Name); m.Keys.Seat != member.PublicOf(other) || len(l.S.RetiredKeys(bank.Name)) != 2 {
			t.Error("the thief's rotation came into force")
		}
	})
	t.Run("gone with the key that announced it", func(t *testing.T) {
		l := start(t)
		l.Pass(entry.RevokeKey{Key: bank.Keys().Seat.ID()}, platform, police)
		l.Advance(state.RotationWait, platform, police)
		if m, _ := l.S.Member(bank.Name); m.Keys.Seat != (member.PublicKey{}) {
			t.Error("a thief keeps the seat")
		}
	})
}

// TestRotateRefused: every signature that a rotation takes.
func TestRotateRefused(t *testing.T) {
	l := ledgertest.Three(t)
	key, old, root := bank.Another(member.Log, 1), bank.Private(member.Log), bank.Private(member.Root)
	good := func() entry.Rotate { return l.Rotation(bank, member.Log, key, old, root) }
	for name, c := range map[string]struct {
		want  *entry.Rejection
		build func() entry.Rotate
	}{
		"neither old nor root": {entry.ErrRotation, func() entry.Rotate { return l.Rotation(bank, member.Log, key, nil, nil) }},
		"another's old key":    {entry.ErrRotation, func() entry.Rotate { return l.Rotation(bank, member.Log, key, police.Private(member.Log), root) }},
		"another's root key":   {entry.ErrRotation, func() entry.Rotate { return l.Rotation(bank, member.Log, key, old, police.Private(member.Root)) }},
		"new key did not sign": {entry.ErrRotation, func() entry.Rotate { b := good(); b.ByNew = b.ByOld; return b }},
		"for another member":   {entry.ErrRotation, func() entry.Rotate { return l.Rotation(police, member.Log, key, old, root) }},
		"for another role":     {entry.ErrRotation, func() entry.Rotate { b := good(); b.Role = "cosigner"; return b }},
		"a key that stands":    {entry.ErrKeyExists, func() entry.Rotate { return l.Rotation(bank, member.Log, police.Private(member.Log), old, root) }},
		"its own key":          {entry.ErrKeyExists, func() entry.Rotate { return l.Rotation(bank, member.Log, bank.Private(member.Seat), old, root) }},
		"another incarnation": {entry.ErrRotation, func() entry.Rotate {
			r, _ := l.S.Rotation(bank.Name, member.Log, member.PublicOf(key))
			r.Incarnation++
			return r.Body(r.Sign(key), r.Sign(old), r.Sign(root))
		}},
		"another ledger": {entry.ErrRotation, func() entry.Rotate {
			r, _ := l.S.Rotation(bank.Name, member.Log, member.PublicOf(key))
			r.LedgerID[0] ^= 1
			return r.Body(r.Sign(key), r.Sign(old), r.Sign(root))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			b := c.build()
			refuses(t, l, l.Rotate(bank.Private(member.Operator), b), c.want)
			if entry.RejectionOf(l.S.CheckRotate(bank.Name, b)) != c.want {
				t.Error("the check before signing lets it through")
			}
		})
	}
	b := good()
	for name, body := range map[string]entry.Rotate{
		"no such role":            {Role: "janitor", New: b.New, ByNew: b.ByNew},
		"a zero key":              {Role: "log", ByNew: b.ByNew},
		"a key of small order":    {Role: "log", New: member.PublicKey{1}, ByNew: b.ByNew},
		"a short signature":       {Role: "log", New: b.New, ByNew: b.ByNew[:63]},
		"root beside the old key": {Role: "root", New: b.New, ByNew: b.ByNew, ByOld: b.ByOld, ByRoot: b.ByRoot},
	} {
		t.Run(name, func(t *testing.T) {
			refuses(t, l, l.Forge(bank.Private(member.Operator), entry.KindRotate, body, nil), entry.ErrField)
		})
	}
	refuses(t, l, l.Rotate(bank.Private(member.Log), good()), entry.ErrWrongRole)
	refuses(t, l, l.Rotate(police.Private(member.Operator), good()), entry.ErrRotation) // police's rotation of police's log key
}

// TestVoterRotates: a voter's node, log and cosigner keys are the voter set; one change at a time, and
// each stays a day.
func TestVoterRotates(t *testing.T) {
	l := ledgertest.Three(t)
	rotate := func(role member.Role, n int) entry.Raw {
		return l.Rotate(bank.Private(member.Operator), l.Rotation(bank, role, bank.Another(role, n), nil, bank.Private(member.Root)))
	}
	node := bank.Keys().Node.PeerID()
	has(t, l.Put(rotate(member.Node, 1)).Events, state.KeyRotated, state.VotersChanged)
	if _, ok := l.S.MemberByPeer(node); ok {
		t.Error("the old peer is still a member")
	}
	m, ok := l.S.MemberByPeer(member.PublicOf(bank.Another(member.Node, 1)).PeerID())
	if !ok || m.Name != bank.Name || !slices.Contains(l.S.Voters(), m.PeerID) {
		t.Error("the new peer is no voter")
	}
	refuses(t, l, rotate(member.Log, 1), entry.ErrHandOverOpen)
	l.Closed(platform, police)
	refuses(t, l, rotate(member.Node, 2), entry.ErrRotationRests)
	l.Put(rotate(member.Log, 1))
	l.Closed(bank, police) // bank's old log key still signs this one
	if _, ok := l.S.FinalityVoters().Find(idOf(bank.Another(member.Log, 1))); !ok {
		t.Error("the new log key does not vote")
	}
	l.Put(rotate(member.Cosigner, 1))
	open, _ := l.S.HandOver()
	l.Put(l.HandOverBy(platform, l.Certificate(open.Size, open.Root, platform, police)))
	l.Advance(state.RotationRest, platform, police)
	l.Put(rotate(member.Node, 2))

	// one that waits for its day waits for the hand-over, too
	l.Put(l.Rotate(platform.Private(member.Seat), l.Rotation(platform, member.Log, platform.Another(member.Log, 1), platform.Private(member.Log), nil)))
	last := l.Advance(state.RotationWait, platform, police)
	has(t, last.Events, state.TimeMoved)
	has(t, l.Closed(platform, police).Events, state.HandedOver, state.KeyRotated, state.VotersChanged)
}

// TestRevoke: the root key and the board end a key; its role stays empty until it is rotated.
func TestRevoke(t *testing.T) {
	l := ledgertest.Three(t)
	seat, root := bank.Keys().Seat.ID(), bank.Private(member.Root)
	refuses(t, l, l.Revoke(bank.Private(member.Operator), seat), entry.ErrWrongRole)
	refuses(t, l, l.Revoke(police.Private(member.Root), seat), entry.ErrNoSuchKey)
	refuses(t, l, l.Revoke(root, member.KeyID{}), entry.ErrNoSuchKey)
	refuses(t, l, l.Revoke(root, bank.Keys().Log.ID()), entry.ErrVoterKey)
	if text := l.S.DescribeRevokeKey(bank.Name, seat); len(text) < 2 || l.S.CheckRevoke(bank.Name, member.Root, seat) != nil {
		t.Errorf("%q", text)
	}
	has(t, l.Put(l.Revoke(root, seat)).Events, state.KeyRevoked)
	refuses(t, l, l.Propose(bank, entry.Suspend{Member: police.Name}), entry.ErrRevokedKey)
	refuses(t, l, l.Revoke(root, seat), entry.ErrNoSuchKey)
	if m, _ := l.S.Member(bank.Name); !m.Seat || m.Keys.Seat != (member.PublicKey{}) {
		t.Error("the seat went with its key")
	}
	key := bank.Another(member.Seat, 1)
	l.Put(l.Rotate(root, l.Rotation(bank, member.Seat, key, nil, root)))
	l.Put(l.Forge(key, entry.KindPropose, propose(entry.ProposeSuspend, entry.Suspend{Member: police.Name}), nil))

	// a lost root key: the board ends it, and the seat names another, which takes a day
	l.Pass(entry.RevokeKey{Key: bank.Keys().Root.ID()}, platform, police)
	another := bank.Another(member.Root, 1)
	has(t, l.Put(l.Rotate(key, l.Rotation(bank, member.Root, another, nil, nil))).Events, state.RotationAnnounced)
	l.Advance(state.RotationWait, platform, police)
	if m, _ := l.S.Member(bank.Name); m.Keys.Root != member.PublicOf(another) {
		t.Error("no new root key")
	}
	refuses(t, l, l.Propose(platform, entry.RevokeKey{Key: bank.Keys().Root.ID()}), entry.ErrNoSuchKey)
	refuses(t, l, l.Propose(platform, entry.RevokeKey{Key: bank.Keys().Log.ID()}), entry.ErrTooFewVoters)
}

// TestBoardRevokesVoter: a voter without a key that it votes with is none, if there are enough others.
func TestBoardRevokesVoter(t *testing.T) {
	l, m := six(t)
	l.Pass(entry.RevokeKey{Key: m[5].Keys().Node.ID()}, m[:4]...)
	if v, _ := l.S.Member("M5"); v.Voter || v.PeerID != "" || len(l.S.Voters()) != 5 || len(l.S.NonVoters()) != 0 {
		t.Errorf("%+v", v)
	}
	waits := l.Pass(entry.RevokeKey{Key: m[4].Keys().Log.ID()}, m[:4]...)
	proposalState(t, l, waits, state.Open)
	l.Closed(m[:4]...)
	proposalState(t, l, waits, state.Accepted)
	l.Closed(m[:4]...)
	refuses(t, l, l.Propose(m[0], entry.SetVoter{Member: "M5", Voter: true}), entry.ErrNoSuchKey)
	l.Put(l.Rotate(m[5].Private(member.Seat), l.Rotation(m[5], member.Node, m[5].Another(member.Node, 1), nil, m[5].Private(member.Root))))
	l.Pass(entry.SetVoter{Member: "M5", Voter: true}, m[:4]...)
	if len(l.S.Voters()) != 5 {
		t.Errorf("%d voters", len(l.S.Voters()))
	}
}

// TestSuspensionOutlivesRotation: new keys are still the suspended member's.
func TestSuspensionOutlivesRotation(t *testing.T) {
	l := ledgertest.Three(t)
	l.Pass(entry.Suspend{Member: bank.Name}, platform, police)
	key := bank.Another(member.Node, 1)
	l.Put(l.Rotate(bank.Private(member.Operator), l.Rotation(bank, member.Node, key, nil, bank.Private(member.Root))))
	if m, _ := l.S.MemberByPeer(member.PublicOf(key).PeerID()); m.Status != state.Suspended {
		t.Errorf("status %q", m.Status)
	}
}

// TestRetiredKeysAreBounded: a member that rotates all day is remembered a thousand times; then it can still revoke.
func TestRetiredKeysAreBounded(t *testing.T) {
	l := ledgertest.Three(t)
	root := bank.Private(member.Root)
	old := bank.Private(member.Log)
	key := police.Private(member.Operator)
	for n := range state.MaxRetired {
		next := police.Another(member.Seat, n+1)
		b := l.Rotation(police, member.Seat, next, nil, police.Private(member.Root))
		if _, err := l.S.Apply(l.Rotate(key, b)); err != nil {
			t.Fatalf("rotation %d: %v", n, err)
		}
	}
	b := l.Rotation(police, member.Operator, police.Another(member.Operator, 1), nil, police.Private(member.Root))
	refuses(t, l, l.Rotate(key, b), entry.ErrTooManyKeys)
	l.Put(l.Revoke(police.Private(member.Root), idOf(key)))
	if got := len(l.S.RetiredKeys(police.Name)); got != state.MaxRetired+1 {
		t.Errorf("%d keys are remembered", got)
	}
	other := l.Rotation(bank, member.Log, bank.Another(member.Log, 1), old, root) // nobody else's business
	l.Put(l.Rotate(bank.Private(member.Operator), other))
}
