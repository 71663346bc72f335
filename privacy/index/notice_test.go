package index

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"testing"
)

// TestNoticeKey holds the key against the standard library's HKDF, and apart from tag and label key.
func TestNoticeKey(t *testing.T) {
	d, f := NewDeriver(testContext), output(1)
	context := testContext.Hash()
	want, err := hkdf.Expand(sha256.New, f[:], string(context[:])+"notice", 32)
	if err != nil {
		t.Fatal(err)
	}
	got := d.NoticeKey(f)
	if !bytes.Equal(got[:], want) {
		t.Errorf("got %x, want %x", got, want)
	}
	tag := d.Tag(f)
	label := d.labelKey(f, &[SaltSize]byte{})
	if bytes.HasPrefix(got[:], tag[:]) || got == label || d.NoticeKey(output(2)) == got {
		t.Error("the key is another's")
	}
}
