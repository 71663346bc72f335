package index

import (
	"bytes"
	"crypto/sha512"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

var testContext = Context{Ledger: [32]byte{1}, Holder: "12D3KooWHolder", Epoch: 3, Type: "email"}

// memory is a scratch in memory.
type memory struct{ bytes.Buffer }

func (m *memory) ReadAt(p []byte, off int64) (int, error) {
	return bytes.NewReader(m.Bytes()).ReadAt(p, off)
}

// output stands in for the VOPRF: 64 bytes that look random.
func output(i int) *[OutputSize]byte {
	f := sha512.Sum512(binary.BigEndian.AppendUint64(nil, uint64(i)))
	return &f
}

func labelOf(i int) []byte { return fmt.Appendf(nil, "label of item %d", i) }

type built struct {
	Summary
	tags, labels []byte
}

func build(t testing.TB, c Context, kind Kind, salt byte, items []int) built {
	t.Helper()
	b := NewBuilder(c, kind, [SaltSize]byte{salt}, &memory{})
	for _, i := range items {
		var label []byte
		if kind != Withdrawal {
			label = labelOf(i)
		}
		if err := b.Add(output(i), label); err != nil {
			t.Fatal(err)
		}
	}
	var tags, labels bytes.Buffer
	s, err := b.Finish(&tags, &labels)
	if err != nil {
		t.Fatal(err)
	}
	return built{s, tags.Bytes(), labels.Bytes()}
}

func upTo(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func parse(t testing.TB, tags, labels []byte) *Segment {
	t.Helper()
	s, err := Parse(tags, labels)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestRoundTrip: a map is the oracle. Every item is found with its label, nothing else is, and the
// segment is what its summary says.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		items := rapid.SliceOfNDistinct(rapid.IntRange(0, 5000), 0, 300, rapid.ID).Draw(rt, "items")
		kind := Kind(rapid.IntRange(1, 3).Draw(rt, "kind"))
		got := build(t, testContext, kind, 7, items)
		s := parse(t, got.tags, got.labels)
		if err := s.Verify(got.Name); err != nil {
			rt.Fatal(err)
		}
		if got.Count != uint64(len(items)) || got.TagsSize != uint64(len(got.tags)) || got.LabelsSize != uint64(len(got.labels)) {
			rt.Fatalf("summary %+v", got.Summary)
		}
		d := NewDeriver(testContext)
		for i := range 400 {
			label, ok, err := s.Lookup(d, output(i))
			if err != nil || ok != slices.Contains(items, i) {
				rt.Fatalf("item %d: %v, %v", i, ok, err)
			}
			if ok && kind != Withdrawal && !bytes.Equal(label, labelOf(i)) {
				rt.Fatalf("item %d: label %q", i, label)
			}
		}
	})
}

// TestMatchOnly: without labels a lookup says that there is a match and nothing else.
func TestMatchOnly(t *testing.T) {
	got := build(t, testContext, Base, 7, upTo(100))
	s := parse(t, got.tags, nil)
	if err := s.Verify(got.Name); err != nil {
		t.Fatal(err)
	}
	d := NewDeriver(testContext)
	for i := range 200 {
		if label, ok, err := s.Lookup(d, output(i)); err != nil || ok != (i < 100) || label != nil {
			t.Fatalf("item %d: %v %v", i, ok, err)
		}
	}
}

// TestOrderDoesNotShow: the order of arrival leaves no trace, and another salt seals every label anew
// while the tags stay.
func TestOrderDoesNotShow(t *testing.T) {
	items := upTo(50)
	a := build(t, testContext, Base, 7, items)
	slices.Reverse(items)
	b := build(t, testContext, Base, 7, items)
	c := build(t, testContext, Base, 8, items)
	if a.Name != b.Name || !bytes.Equal(a.labels, b.labels) {
		t.Error("the order of arrival shows")
	}
	if !bytes.Equal(a.tags[HeaderSize:], c.tags[HeaderSize:]) {
		t.Error("tags depend on the salt")
	}
	for i := range 50 {
		x, y := a.labels[i*LabelSealed:(i+1)*LabelSealed], c.labels[i*LabelSealed:(i+1)*LabelSealed]
		if bytes.Equal(x[:16], y[:16]) {
			t.Errorf("label %d has one key stream in two builds", i)
		}
	}
}
