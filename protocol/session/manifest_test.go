package session

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"testing"

	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

func sign(t testing.TB, m Manifest) *SignedManifest {
	t.Helper()
	s, err := m.Sign(holderKey)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// empty is a segment without items.
func empty(kind SegmentKind, name byte) SegmentInfo {
	return SegmentInfo{Kind: kind, Name: [32]byte{name}, TagsSize: 128, Labels: sha256.Sum256(nil)}
}

func TestManifestRoundTrip(t *testing.T) {
	segments := []SegmentInfo{
		{BaseSegment, [32]byte{1}, 2, 144, 512, [32]byte{2}},
		{AdditionSegment, [32]byte{3}, 1, 136, 256, [32]byte{4}},
		{WithdrawalSegment, [32]byte{5}, 1, 136, 0, sha256.Sum256(nil)},
	}
	made := sign(t, goodManifest(segments...))
	read, err := ParseManifest(made.Raw, holder)
	if err != nil {
		t.Fatal(err)
	}
	if read.Hash != made.Hash || len(read.Manifest.Segments) != 3 || read.Manifest.Segments[2] != segments[2] {
		t.Errorf("read back: %+v", read.Manifest)
	}
	most := goodManifest()
	most.Segments = most.Segments[:0]
	for i := range MaxSegments {
		kind := AdditionSegment
		if i == 0 {
			kind = BaseSegment
		}
		most.Segments = append(most.Segments, SegmentInfo{kind, [32]byte{byte(i), 1}, MaxItems, 128 + 8*MaxItems, 256 * MaxItems, [32]byte{9}})
	}
	if s := sign(t, most); len(s.Raw) > MaxManifest {
		t.Errorf("the longest manifest has %d bytes, and %d are read", len(s.Raw), MaxManifest)
	}
}

// TestCheatingManifests: what a holder could sign, and what somebody else could pass on.
func TestCheatingManifests(t *testing.T) {
	change := func(f func(m *Manifest)) Manifest {
		m := goodManifest()
		f(&m)
		return m
	}
	segment := func(f func(s *SegmentInfo)) Manifest {
		return change(func(m *Manifest) { f(&m.Segments[0]) })
	}
	base := goodManifest().Segments[0]
	for _, c := range []struct {
		name string
		m    Manifest
		by   ed25519.PrivateKey
		want error
	}{
		{"version 2", change(func(m *Manifest) { m.V = 2 }), holderKey, ErrVersion},
		{"number 0", change(func(m *Manifest) { m.Version = 0 }), holderKey, ErrManifest},
		{"first with a previous", change(func(m *Manifest) { m.Previous[0] = 1 }), holderKey, ErrManifest},
		{"second without a previous", change(func(m *Manifest) { m.Version = 2 }), holderKey, ErrManifest},
		{"of another holder", change(func(m *Manifest) { m.Holder = other.PeerID() }), holderKey, ErrParty},
		{"signed by another", goodManifest(), otherKey, ErrSignature},
		{"no type", change(func(m *Manifest) { m.Type = "" }), holderKey, ErrHeader},
		{"no segments", change(func(m *Manifest) { m.Segments = nil }), holderKey, ErrManifest},
		{"257 segments", change(func(m *Manifest) { m.Segments = make([]SegmentInfo, MaxSegments+1) }), holderKey, ErrManifest},
		{"no base", segment(func(s *SegmentInfo) { s.Kind = AdditionSegment }), holderKey, ErrManifest},
		{"two bases", goodManifest(base, empty(BaseSegment, 8)), holderKey, ErrManifest},
		{"one segment twice", goodManifest(base, empty(AdditionSegment, 1)), holderKey, ErrManifest},
		{"unknown kind", goodManifest(base, empty(4, 8)), holderKey, ErrManifest},
		{"withdrawal with labels", goodManifest(base, SegmentInfo{WithdrawalSegment, [32]byte{8}, 1, 136, 256, [32]byte{9}}), holderKey, ErrManifest},
		{"withdrawal that names labels", goodManifest(base, SegmentInfo{WithdrawalSegment, [32]byte{8}, 1, 136, 0, [32]byte{9}}), holderKey, ErrManifest},
		{"empty base that names labels", goodManifest(SegmentInfo{BaseSegment, [32]byte{8}, 0, 128, 0, [32]byte{9}}), holderKey, ErrManifest},
		{"more tags than items", segment(func(s *SegmentInfo) { s.TagsSize += 8 }), holderKey, ErrManifest},
		{"fewer labels than items", segment(func(s *SegmentInfo) { s.LabelsSize -= 256 }), holderKey, ErrManifest},
		{"more items than may be", segment(func(s *SegmentInfo) {
			s.Count, s.TagsSize, s.LabelsSize = MaxItems+1, 128+8*(MaxItems+1), 256*(MaxItems+1)
		}), holderKey, ErrManifest},
		{"a count that overflows", segment(func(s *SegmentInfo) { s.Count, s.TagsSize, s.LabelsSize = 1<<63, 128, 0 }), holderKey, ErrManifest},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := ParseManifest(signManifest(t, c.m, c.by), holder); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if c.by.Equal(holderKey) && c.want != ErrVersion {
				if _, err := c.m.Sign(holderKey); !errors.Is(err, c.want) {
					t.Errorf("signing it: %v", err)
				}
			}
		})
	}
	raw := sign(t, goodManifest()).Raw
	for i := range raw {
		bad := bytes.Clone(raw)
		bad[i] ^= 1
		if _, err := ParseManifest(bad, holder); err == nil {
			t.Errorf("byte %d was changed unseen", i)
		}
	}
	body := encode(t, goodManifest())
	receipt := encode(t, signedManifest{body, member.Sign(holderKey, receiptDomain, body)})
	if _, err := ParseManifest(receipt, holder); !errors.Is(err, ErrSignature) {
		t.Errorf("signed as a receipt: %v", err)
	}
	if _, err := ParseManifest(make([]byte, MaxManifest+1), holder); !errors.Is(err, wire.ErrTooLarge) {
		t.Errorf("too long: %v", err)
	}
}

func TestFollows(t *testing.T) {
	next := func(old *SignedManifest, f func(m *Manifest)) *SignedManifest {
		m := goodManifest()
		m.Version, m.Previous = old.Manifest.Version+1, old.Hash
		f(&m)
		return sign(t, m)
	}
	one := sign(t, goodManifest())
	fork := sign(t, goodManifest(empty(BaseSegment, 99)))
	two := next(one, func(*Manifest) {})
	three := next(two, func(*Manifest) {})
	for _, c := range []struct {
		name     string
		old, new *SignedManifest
		want     error
	}{
		{"the same", one, one, nil},
		{"the next", one, two, nil},
		{"one missed", one, three, nil},
		{"back", three, two, ErrRollback},
		{"another of the same version", one, fork, ErrFork},
		{"the next of another", fork, two, ErrFork},
		{"another ledger", one, next(one, func(m *Manifest) { m.Ledger[0]++ }), ErrManifest},
		{"another epoch", one, next(one, func(m *Manifest) { m.Epoch++ }), ErrManifest},
		{"another type", one, next(one, func(m *Manifest) { m.Type = "phone" }), ErrManifest},
	} {
		if err := c.new.Follows(c.old); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}
