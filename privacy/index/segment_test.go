package index

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// rebuild makes a segment out of any tags and labels, as a cheating holder could.
func rebuild(kind Kind, tags []uint64, labels []byte) []byte {
	h := Header{Kind: kind, Count: uint64(len(tags)), Epoch: testContext.Epoch, Context: testContext.Hash(), Labels: sha256.Sum256(labels)}
	b := h.encode()
	out := b[:]
	for _, t := range tags {
		out = binary.BigEndian.AppendUint64(out, t)
	}
	return out
}

// TestSearch compares the search with a plain one over tags that a cheating holder may have chosen.
func TestSearch(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		small := rapid.Uint64Range(0, 20)
		high := rapid.Map(small, func(v uint64) uint64 { return ^v })
		tags := rapid.SliceOfN(rapid.OneOf(rapid.Uint64(), small, high), 0, 400).Draw(rt, "tags")
		slices.Sort(tags)
		s := parse(t, rebuild(Withdrawal, tags, nil), nil)
		for _, want := range append(rapid.SliceOfN(rapid.OneOf(rapid.Uint64(), small, high), 1, 20).Draw(rt, "wanted"), tags...) {
			expected, _ := slices.BinarySearch(tags, want)
			if got := s.search(want); got != expected {
				rt.Fatalf("search(%x) = %d, want %d", want, got, expected)
			}
		}
	})
}

// TestVerifyCatches: a flipped byte anywhere, and tags that a holder put in no order.
func TestVerifyCatches(t *testing.T) {
	got := build(t, testContext, Base, 7, upTo(5))
	for i := range got.tags {
		bad := bytes.Clone(got.tags)
		bad[i] ^= 1
		s, err := Parse(bad, got.labels)
		if err == nil {
			err = s.Verify(got.Name)
		}
		if err == nil {
			t.Errorf("tags byte %d was changed unseen", i)
		}
	}
	for i := range got.labels {
		bad := bytes.Clone(got.labels)
		bad[i] ^= 1
		if err := parse(t, got.tags, bad).Verify(got.Name); !errors.Is(err, ErrLabels) {
			t.Errorf("labels byte %d: %v", i, err)
		}
	}
	for name, tags := range map[string][]uint64{
		"descending":         {2, 1},
		"nine equal ones":    {5, 5, 5, 5, 5, 5, 5, 5, 5},
		"descending at last": {1, 2, 3, 4, 0},
	} {
		b := rebuild(Withdrawal, tags, nil)
		if err := parse(t, b, nil).Verify(sha256.Sum256(b)); !errors.Is(err, ErrOrder) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := parse(t, got.tags, got.labels).Verify(Name{}); !errors.Is(err, ErrName) {
		t.Errorf("another name: %v", err)
	}
}

// TestCollision: two items with one tag stand side by side; the label that opens decides.
func TestCollision(t *testing.T) {
	d := NewDeriver(testContext)
	var salt [SaltSize]byte
	tag := d.Tag(output(1))
	foreign, _ := d.seal(nil, output(2), &salt, []byte("not this one"))
	own, _ := d.seal(nil, output(1), &salt, []byte("this one"))
	v := binary.BigEndian.Uint64(tag[:])
	both := slices.Concat(foreign, own)
	s := parse(t, rebuild(Base, []uint64{v, v}, both), both)
	if label, ok, err := s.Lookup(d, output(1)); err != nil || !ok || string(label) != "this one" {
		t.Errorf("%q %v %v", label, ok, err)
	}
	alone := parse(t, rebuild(Base, []uint64{v}, foreign), foreign)
	if _, ok, err := alone.Lookup(d, output(1)); ok || err != nil {
		t.Errorf("another item's label: %v %v", ok, err)
	}
}

// TestSealedNonsense: a holder that seals what is no label is found out by whoever opens it.
func TestSealedNonsense(t *testing.T) {
	for name, plain := range map[string][]byte{
		"length beyond the end": append([]byte{0, 239}, make([]byte, LabelPlain-2)...),
		"padding not zero":      append([]byte{0, 1, 'x'}, bytes.Repeat([]byte{1}, LabelPlain-3)...),
		"last byte not zero":    append(make([]byte, LabelPlain-1), 1),
	} {
		if _, err := unpad(plain); !errors.Is(err, ErrLabel) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	good := build(f, testContext, Base, 7, upTo(3))
	withdrawal := build(f, testContext, Withdrawal, 7, upTo(3))
	f.Add(good.tags, good.labels)
	f.Add(withdrawal.tags, []byte{})
	f.Add(rebuild(Withdrawal, []uint64{3, 2, 1, 1, 1}, nil), []byte{})
	f.Add([]byte(magic), []byte(nil))
	d := NewDeriver(testContext)
	f.Fuzz(func(t *testing.T, tags, labels []byte) {
		if len(labels) == 0 {
			labels = nil
		}
		s, err := Parse(tags, labels)
		if err != nil {
			if !errors.Is(err, ErrHeader) && !errors.Is(err, ErrSize) {
				t.Fatalf("unnamed error %v", err)
			}
			return
		}
		if h := s.Header(); h.encode() != [HeaderSize]byte(tags) {
			t.Fatal("a header with two encodings")
		}
		for i := range 5 {
			_, _, _ = s.Lookup(d, output(i))
		}
		for i := range s.len() {
			_ = s.search(s.at(i))
		}
		if s.Verify(good.Name) == nil && !bytes.Equal(tags, good.tags) {
			t.Fatal("another segment has this name")
		}
	})
}
