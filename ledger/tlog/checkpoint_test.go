package tlog_test

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/protocol/member"
)

func logKey(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("log key of " + name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func sample() tlog.Checkpoint {
	return tlog.Checkpoint{Origin: tlog.Origin([32]byte{1, 2, 3}), Size: 7, Root: tlog.LeafHash([]byte("root"))}
}

func signed(t testing.TB, names ...string) tlog.SignedCheckpoint {
	t.Helper()
	var keys []crypto.Signer
	for _, n := range names {
		keys = append(keys, logKey(n))
	}
	s, err := tlog.SignCheckpoint(sample(), keys...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestXModOpensOurs: x/mod's note, as it is, accepts our checkpoint and finds each signature.
func TestXModOpensOurs(t *testing.T) {
	s := signed(t, "a", "b", "c")
	var verifiers []note.Verifier
	for _, n := range []string{"a", "b", "c"} {
		key, err := note.NewEd25519VerifierKey(s.Origin, logKey(n).Public().(ed25519.PublicKey))
		if err != nil {
			t.Fatal(err)
		}
		v, err := note.NewVerifier(key)
		if err != nil {
			t.Fatal(err)
		}
		verifiers = append(verifiers, v)
	}
	n, err := note.Open(s.Bytes(), note.VerifierList(verifiers...))
	if err != nil || len(n.Sigs) != 3 || len(n.UnverifiedSigs) != 0 || n.Text != string(s.Text()) {
		t.Fatalf("%+v, %v", n, err)
	}
}

func TestCheckpointRoundTrip(t *testing.T) {
	s := signed(t, "a", "b")
	back, err := tlog.ParseSignedCheckpoint(s.Bytes())
	if err != nil || !bytes.Equal(back.Bytes(), s.Bytes()) || back.Checkpoint != s.Checkpoint {
		t.Fatalf("%+v, %v", back, err)
	}
	keys := []member.PublicKey{member.PublicOf(logKey("x")), member.PublicOf(logKey("b")), member.PublicOf(logKey("a"))}
	if at, err := back.Verify(keys); err != nil || !slices.Equal(at, []int{1, 2}) {
		t.Errorf("signers %v, %v", at, err)
	}
	if _, err := back.Verify(keys[:2]); !errors.Is(err, tlog.ErrCheckpointSignature) {
		t.Errorf("an unlisted key: %v", err)
	}
	if _, err := (tlog.SignedCheckpoint{Checkpoint: sample()}).Verify(keys); !errors.Is(err, tlog.ErrCheckpointSignature) {
		t.Errorf("no signature: %v", err)
	}
}

func TestCheckpointRefuses(t *testing.T) {
	one, two := signed(t, "a"), signed(t, "a", "b")
	good := string(one.Bytes())
	swapped := two
	swapped.Signatures = []tlog.SignatureLine{two.Signatures[1], two.Signatures[0]}
	double := one
	double.Signatures = []tlog.SignatureLine{one.Signatures[0], one.Signatures[0]}
	replace := func(old, with string) string { return strings.Replace(good, old, with, 1) }
	for name, text := range map[string]string{
		"empty":                         "",
		"no signatures":                 string(one.Text()),
		"an empty signature block":      string(one.Text()) + "\n",
		"an extension line":             replace("\n\n", "\nextension\n\n"),
		"another origin":                replace("crosslight/ledger/", "example.org/"),
		"origin in capitals":            replace("/0102", "/0A02"),
		"size with a leading zero":      replace("\n7\n", "\n07\n"),
		"size with a sign":              replace("\n7\n", "\n+7\n"),
		"negative size":                 replace("\n7\n", "\n-7\n"),
		"size beyond 63 bits":           replace("\n7\n", "\n9223372036854775808\n"),
		"no line feed at the end":       strings.TrimSuffix(good, "\n"),
		"a line feed too many":          good + "\n",
		"carriage returns":              strings.ReplaceAll(good, "\n", "\r\n"),
		"a hyphen for the dash":         replace("— ", "- "),
		"a signature under a name":      replace("— crosslight/ledger/", "— crosslight/other/"),
		"a short signature":             replace("— "+one.Origin+" ", "— "+one.Origin+" AAAA\n— "+one.Origin+" "),
		"signatures out of order":       string(swapped.Bytes()),
		"a signature twice":             string(double.Bytes()),
		"loose base64 in the root":      replace("=\n", "\n"),
		"a line break inside base64":    good[:len(good)-10] + "\r" + good[len(good)-10:],
		"longer than any checkpoint":    good + strings.Repeat("x", tlog.MaxCheckpoint),
		"non-zero trailing base64 bits": looseBits(good),
	} {
		if _, err := tlog.ParseSignedCheckpoint([]byte(text)); !errors.Is(err, tlog.ErrCheckpoint) {
			t.Errorf("%s: %v", name, err)
		}
	}
	weak, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tlog.SignCheckpoint(sample(), weak); err == nil {
		t.Error("signed with an RSA key")
	}
}

// looseBits changes bits of the root's last base64 character that carry no data: x/mod's note accepts
// that, we do not.
func looseBits(good string) string {
	i := strings.Index(good, "=\n") - 1
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	c := alphabet[strings.IndexByte(alphabet, good[i])^1]
	return good[:i] + string(c) + good[i+1:]
}

func TestIDs(t *testing.T) {
	id := [32]byte{0xab, 1}
	if back, err := tlog.ParseOrigin(tlog.Origin(id)); err != nil || back != id {
		t.Error(err)
	}
	for _, bad := range []string{"", "ab", strings.Repeat("AB", 32), strings.Repeat("g", 64), strings.Repeat("a", 65)} {
		if _, err := tlog.ParseID(bad); err == nil {
			t.Errorf("%q passed", bad)
		}
	}
}

func FuzzSignedCheckpoint(f *testing.F) {
	f.Add(signed(f, "a").Bytes())
	f.Add(signed(f, "a", "b").Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := tlog.ParseSignedCheckpoint(b)
		if err == nil && !bytes.Equal(s.Bytes(), b) {
			t.Fatal("a checkpoint has two encodings")
		}
	})
}
