package index

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"testing"

	"github.com/crosslight/crosslight/specs"
)

type vectorFile struct {
	Derivations []struct {
		Ledger, Holder, Type, Context, Output, Salt, Tag, Label, Sealed string
		LabelKey                                                        string `json:"label_key"`
		Epoch                                                           uint64
	}
	Segments []struct {
		Kind, Salt, Absent, Tags, Labels, Name string
		Items                                  []struct{ Output, Label string }
	}
	Invalid []struct{ Why, Error, Tags, Labels, Name string }
}

func loadVectors(t testing.TB) vectorFile {
	t.Helper()
	b, err := specs.Vectors.ReadFile("vectors/index.json")
	if err != nil {
		t.Fatal(err)
	}
	var f vectorFile
	if err := json.Unmarshal(b, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDerivationVectors(t *testing.T) {
	for i, v := range loadVectors(t).Derivations {
		c := Context{[32]byte(unhex(t, v.Ledger)), v.Holder, v.Epoch, v.Type}
		d, f := NewDeriver(c), [OutputSize]byte(unhex(t, v.Output))
		salt := [SaltSize]byte(unhex(t, v.Salt))
		hash, tag, key := c.Hash(), d.Tag(&f), d.labelKey(&f, &salt)
		sealed, err := d.seal(nil, &f, &salt, unhex(t, v.Label))
		if err != nil {
			t.Fatal(err)
		}
		for what, pair := range map[string][2][]byte{
			"context": {hash[:], unhex(t, v.Context)},
			"tag":     {tag[:], unhex(t, v.Tag)},
			"key":     {key[:], unhex(t, v.LabelKey)},
			"sealed":  {sealed, unhex(t, v.Sealed)},
		} {
			if !bytes.Equal(pair[0], pair[1]) {
				t.Errorf("derivation %d: %s: got %x, want %x", i, what, pair[0], pair[1])
			}
		}
		label, ok, err := d.open(sealed, &f, &salt)
		if err != nil || !ok || !bytes.Equal(label, unhex(t, v.Label)) {
			t.Errorf("derivation %d: open: %v %v", i, ok, err)
		}
	}
}

func TestSegmentVectors(t *testing.T) {
	file := loadVectors(t)
	first := file.Derivations[0]
	c := Context{[32]byte(unhex(t, first.Ledger)), first.Holder, first.Epoch, first.Type}
	for _, v := range file.Segments {
		s := parse(t, unhex(t, v.Tags), unhex(t, v.Labels))
		if err := errors.Join(s.Header().In(c), s.Verify(Name(unhex(t, v.Name)))); err != nil {
			t.Errorf("%s: %v", v.Kind, err)
		}
		b := NewBuilder(c, s.Header().Kind, [SaltSize]byte(unhex(t, v.Salt)), &memory{})
		for _, item := range v.Items {
			f := [OutputSize]byte(unhex(t, item.Output))
			label, ok, err := s.Lookup(NewDeriver(c), &f)
			if err != nil || !ok || !bytes.Equal(label, unhex(t, item.Label)) {
				t.Errorf("%s: lookup: %v %v", v.Kind, ok, err)
			}
			if err := b.Add(&f, unhex(t, item.Label)); err != nil {
				t.Fatal(err)
			}
		}
		absent := [OutputSize]byte(unhex(t, v.Absent))
		if _, ok, err := s.Lookup(NewDeriver(c), &absent); ok || err != nil {
			t.Errorf("%s: absent item: %v %v", v.Kind, ok, err)
		}
		var tags, labels bytes.Buffer
		if _, err := b.Finish(&tags, &labels); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(tags.Bytes(), unhex(t, v.Tags)) || !bytes.Equal(labels.Bytes(), unhex(t, v.Labels)) {
			t.Errorf("%s: built again, it differs", v.Kind)
		}
	}
}

func TestInvalidSegmentVectors(t *testing.T) {
	named := map[string]error{
		"header": ErrHeader, "size": ErrSize, "name": ErrName, "order": ErrOrder, "labels": ErrLabels, "context": ErrContext,
	}
	file := loadVectors(t)
	first := file.Derivations[0]
	c := Context{[32]byte(unhex(t, first.Ledger)), first.Holder, first.Epoch, first.Type}
	for _, v := range file.Invalid {
		s, err := Parse(unhex(t, v.Tags), unhex(t, v.Labels))
		if err == nil {
			err = s.Header().In(c)
		}
		if err == nil {
			err = s.Verify(Name(unhex(t, v.Name)))
		}
		if named[v.Error] == nil || !errors.Is(err, named[v.Error]) {
			t.Errorf("%s: %v, want %s", v.Why, err, v.Error)
		}
	}
}
