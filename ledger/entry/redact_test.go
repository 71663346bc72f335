package entry_test

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"testing"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/protocol/member"
)

// TestSignerDoesNotPrint: every verb and every log shows the key id and nothing else.
func TestSignerDoesNotPrint(t *testing.T) {
	s := entry.Signer{Key: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))}
	want := "Signer(" + member.PublicOf(s.Key).ID().String() + ")"
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d", "%q"} {
		for _, v := range []any{s, &s} {
			if got := fmt.Sprintf(verb, v); got != want {
				t.Errorf("%s of %T: %s", verb, v, got)
			}
		}
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "signer", s)
	if !bytes.Contains(log.Bytes(), []byte(`"signer":"`+want+`"`)) || s.GoString() != want {
		t.Error(log.String())
	}
	if got := (entry.Signer{}).String(); got != "Signer(no key)" {
		t.Error(got)
	}
}
