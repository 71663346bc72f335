package tlog_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/protocol/member"
)

func cosignerKey(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("cosigner key of " + name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func cosigner(name string) tlog.Key { return tlog.CosignerKey(member.PublicOf(cosignerKey(name))) }

func cosigned(t testing.TB, names ...string) tlog.CosignedCheckpoint {
	t.Helper()
	return cosignedAt(t, sample(), names...)
}

// cosignedAt is c, signed by the log key of a and cosigned by names at seconds 1000, 1001, ….
func cosignedAt(t testing.TB, c tlog.Checkpoint, names ...string) tlog.CosignedCheckpoint {
	t.Helper()
	log, err := tlog.SignCheckpoint(c, logKey("a"))
	if err != nil {
		t.Fatal(err)
	}
	var list []tlog.Cosignature
	for i, n := range names {
		s, err := tlog.Cosign(c, cosignerKey(n), uint64(1000+i))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, s)
	}
	out, err := tlog.NewCosignedCheckpoint(log, list...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// theirs is a note.Verifier for a cosignature key, which x/mod does not bring: the message and the key id
// as the text of tlog-cosignature has them, computed here a second time.
type theirs struct{ key tlog.Key }

func (v theirs) Name() string { return v.key.Name }

func (v theirs) KeyHash() uint32 {
	h := sha256.New()
	h.Write([]byte(v.key.Name + "\n\x04"))
	h.Write(v.key.Public[:])
	return binary.BigEndian.Uint32(h.Sum(nil))
}

func (v theirs) Verify(msg, sig []byte) bool {
	if len(sig) != 72 {
		return false
	}
	var text strings.Builder
	text.WriteString("cosignature/v1\ntime ")
	text.WriteString(uintText(binary.BigEndian.Uint64(sig)))
	text.WriteString("\n")
	text.Write(msg)
	return ed25519.Verify(v.key.Public[:], []byte(text.String()), sig[8:])
}

func uintText(n uint64) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return uintText(n/10) + string(rune('0'+n%10))
}

// TestXModOpensCosigned: x/mod's note, as it is, finds the log's signature and each cosignature.
func TestXModOpensCosigned(t *testing.T) {
	c := cosigned(t, "x", "y", "z")
	vkey, err := note.NewEd25519VerifierKey(c.Origin, logKey("a").Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	if ours := tlog.LogKey(c.Origin, member.PublicOf(logKey("a"))).String(); ours != vkey {
		t.Errorf("vkey %s, theirs %s", ours, vkey)
	}
	log, err := note.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Open(c.Bytes(), note.VerifierList(log, theirs{cosigner("x")}, theirs{cosigner("y")}, theirs{cosigner("z")}))
	if err != nil || len(n.Sigs) != 4 || len(n.UnverifiedSigs) != 0 {
		t.Fatalf("%+v, %v", n, err)
	}
}

func TestCosignedRoundTrip(t *testing.T) {
	c := cosigned(t, "x", "y", "z")
	back, err := tlog.ParseCosignedCheckpoint(c.Bytes())
	if err != nil || !bytes.Equal(back.Bytes(), c.Bytes()) || len(back.Cosignatures) != 3 {
		t.Fatalf("%+v, %v", back, err)
	}
	keys := []tlog.Key{cosigner("other"), cosigner("z"), cosigner("x"), cosigner("y")}
	if at, err := back.VerifyCosignatures(keys); err != nil || !slices.Equal(at, []int{1, 2, 3}) {
		t.Errorf("signers %v, %v", at, err)
	}
	if _, err := back.VerifyCosignatures(keys[:3]); !errors.Is(err, tlog.ErrCosignature) {
		t.Errorf("an unlisted key: %v", err)
	}
	if alone, err := tlog.ParseCosignedCheckpoint(signed(t, "a", "b").Bytes()); err != nil || len(alone.Cosignatures) != 0 {
		t.Errorf("without cosignatures: %v", err)
	}
	for _, c := range back.Cosignatures {
		at := slices.IndexFunc(keys, func(k tlog.Key) bool { return k.Name == c.Name })
		other := sample()
		other.Size++
		if c.Verify(sample(), keys[at]) != nil || c.Verify(other, keys[at]) == nil {
			t.Error("a cosignature holds for another checkpoint")
		}
		c.Time++
		if c.Verify(sample(), keys[at]) == nil {
			t.Error("a cosignature holds at another time")
		}
	}
	for _, time := range []uint64{0, 1 << 63} {
		if _, err := tlog.Cosign(sample(), cosignerKey("x"), time); !errors.Is(err, tlog.ErrTime) {
			t.Errorf("time %d: %v", time, err)
		}
	}
}

// line is a signature line of any bytes.
func line(name string, blob []byte) string {
	return "— " + name + " " + base64.StdEncoding.EncodeToString(blob) + "\n"
}

func TestCosignedRefuses(t *testing.T) {
	good := string(cosigned(t, "x", "y").Bytes())
	text, sigs, _ := strings.Cut(good, "\n\n")
	lines := strings.SplitAfter(strings.TrimSuffix(sigs, "\n"), "\n")
	lines[2] += "\n"
	with := func(l ...string) string { return text + "\n\n" + strings.Join(l, "") }
	blob := func(l string) []byte {
		b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(l[strings.LastIndex(l, " ")+1:]))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	name := strings.Fields(lines[1])[1]
	again, err := tlog.Cosign(sample(), cosignerKey("x"), 5000)
	if err != nil {
		t.Fatal(err)
	}
	zero := blob(lines[1])
	copy(zero[4:12], make([]byte, 8))
	late := blob(lines[1])
	late[4] = 0x80
	for what, raw := range map[string]string{
		"no log signature":                with(lines[1], lines[2]),
		"a cosignature first":             with(lines[1], lines[0], lines[2]),
		"cosignatures out of order":       with(lines[0], lines[2], lines[1]),
		"a cosignature twice":             with(lines[0], lines[1], lines[1]),
		"two of one key":                  with(lines[0], lines[1], lines[2], line(again.Name, again.Line().Sig)),
		"a signature of another length":   with(lines[0], lines[1], lines[2], line("zzz", make([]byte, 75))),
		"a cosignature under the origin":  with(lines[0], line(sample().Origin, blob(lines[1])), lines[2]),
		"one under the origin at the end": with(lines[0], lines[1], line(sample().Origin, blob(lines[2]))),
		"a hundred and one":               many(t, 101),
		"a log signature under a name":    with(line(name, blob(lines[0])), lines[1]),
		"time 0":                          with(lines[0], line(name, zero)),
		"time above 2^63-1":               with(lines[0], line(name, late)),
		"a name with a plus":              with(lines[0], line("a+b", blob(lines[1]))),
		"a name with a space":             with(lines[0], line("a\u2003b", blob(lines[1]))),
		"a carriage return":               with(lines[0], strings.Replace(lines[1], "=", "\r=", 1)),
		"an empty line":                   with(lines[0], "\n", lines[1]),
	} {
		if _, err := tlog.ParseCosignedCheckpoint([]byte(raw)); !errors.Is(err, tlog.ErrCheckpoint) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := tlog.NewCosignedCheckpoint(signed(t, "a"), again, cosigned(t, "x").Cosignatures[0]); !errors.Is(err, tlog.ErrCheckpoint) {
		t.Errorf("two of one key put together: %v", err)
	}
}

// many is a checkpoint with n signatures, in order and of the right lengths.
func many(t testing.TB, n int) string {
	t.Helper()
	out := string(signed(t, "a").Bytes())
	for i := range n - 1 {
		out += line(fmt.Sprintf("zz%03d", i), bytes.Repeat([]byte{1}, 76))
	}
	return out
}

// TestHundred: as many signatures as x/mod reads.
func TestHundred(t *testing.T) {
	if _, err := tlog.ParseCosignedCheckpoint([]byte(many(t, 100))); err != nil {
		t.Error(err)
	}
}

// TestStricterThanXMod: encodings that x/mod's note opens, with the same signatures verified, and ours
// refuses.
func TestStricterThanXMod(t *testing.T) {
	c := cosigned(t, "x", "y")
	good := string(c.Bytes())
	vkey := tlog.LogKey(c.Origin, member.PublicOf(logKey("a"))).String()
	log, err := note.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	known := note.VerifierList(log)
	if _, err := note.Open([]byte(good), known); err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(strings.TrimSuffix(good[strings.Index(good, "\n\n")+2:], "\n"), "\n")
	for what, raw := range map[string]string{
		"loose bits at the end of a signature": looseEnd(good),
		"the same line twice":                  good + lines[1],
		"two signatures of the log key":        strings.Replace(good, lines[0], lines[0]+lines[0], 1),
		"a signature of an unknown type":       good + line("zzz", []byte("xxxx1")),
		"another order":                        strings.Replace(good, lines[0]+lines[1], lines[1]+lines[0], 1),
	} {
		if raw == good {
			t.Fatalf("%s: nothing changed", what)
		}
		if _, err := note.Open([]byte(raw), known); err != nil {
			t.Errorf("%s: x/mod refuses it too: %v", what, err)
		}
		if _, err := tlog.ParseCosignedCheckpoint([]byte(raw)); !errors.Is(err, tlog.ErrCheckpoint) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestStricterTexts: bodies that are notes to x/mod, signed as they stand, and no checkpoints of ours.
func TestStricterTexts(t *testing.T) {
	good := sample()
	root := strings.Split(string(good.Text()), "\n")[2]
	key := tlog.LogKey(good.Origin, member.PublicOf(logKey("a")))
	log, err := note.NewVerifier(key.String())
	if err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{
		"an extension line":           good.Origin + "\n7\n" + root + "\nextension\n",
		"an empty line in the text":   good.Origin + "\n7\n" + root + "\n\nmore\n",
		"a leading zero":              good.Origin + "\n07\n" + root + "\n",
		"a plus":                      good.Origin + "\n+7\n" + root + "\n",
		"loose bits in the root":      good.Origin + "\n7\n" + looseBits(root+"\n"),
		"a root of 31 bytes":          good.Origin + "\n7\n" + base64.StdEncoding.EncodeToString(make([]byte, 31)) + "\n",
		"no root":                     good.Origin + "\n7\n",
		"a log that is no Crosslight": "example.org/log\n7\n" + root + "\n",
	} {
		sig := ed25519.Sign(logKey("a"), []byte(text))
		raw := text + "\n" + line(good.Origin, append(binary.BigEndian.AppendUint32(nil, key.ID()), sig...))
		if _, err := note.Open([]byte(raw), note.VerifierList(log)); err != nil {
			t.Errorf("%s: x/mod refuses it too: %v", what, err)
		}
		if _, err := tlog.ParseNote([]byte(raw)); !errors.Is(err, tlog.ErrCheckpoint) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// looseEnd changes bits of the last base64 character of the last line that carry no data.
func looseEnd(good string) string {
	i := strings.LastIndex(strings.TrimRight(good, "\n="), "")
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	c := alphabet[strings.IndexByte(alphabet, good[i-1])^1]
	return good[:i-1] + string(c) + good[i:]
}

func TestKeys(t *testing.T) {
	public := member.PublicOf(cosignerKey("x"))
	for _, k := range []tlog.Key{tlog.CosignerKey(public), tlog.LogKey(sample().Origin, public)} {
		if back, err := tlog.ParseKey(k.String()); err != nil || back != k {
			t.Errorf("%s: %v", k, err)
		}
	}
	good := tlog.CosignerKey(public).String()
	parts := strings.SplitN(good, "+", 3)
	other := tlog.CosignerKey(public)
	other.Algorithm = 6
	weak := tlog.CosignerKey(member.PublicKey{1})
	for what, s := range map[string]string{
		"empty":          "",
		"two parts":      parts[0] + "+" + parts[1],
		"another id":     parts[0] + "+00000000+" + parts[2],
		"id in capitals": parts[0] + "+" + strings.ToUpper(parts[1]) + "+" + parts[2],
		"a short key":    parts[0] + "+" + parts[1] + "+" + parts[2][:40],
		"another name":   "x" + good,
		"no name":        "+" + parts[1] + "+" + parts[2],
		"a space":        good + " ",
		"ML-DSA's type":  other.String(),
		"a weak key":     weak.String(),
	} {
		if _, err := tlog.ParseKey(s); !errors.Is(err, tlog.ErrKey) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func FuzzCosignedCheckpoint(f *testing.F) {
	f.Add(cosigned(f, "x").Bytes())
	f.Add(cosigned(f, "x", "y").Bytes())
	f.Add(signed(f, "a").Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := tlog.ParseCosignedCheckpoint(b)
		if err == nil && !bytes.Equal(c.Bytes(), b) {
			t.Fatal("a cosigned checkpoint has two encodings")
		}
		if n, looser := tlog.ParseNote(b); looser == nil && !bytes.Equal(n.Bytes(), b) || err == nil && looser != nil {
			t.Fatal("a note has two encodings, or is stricter than a cosigned checkpoint")
		}
	})
}

func FuzzKey(f *testing.F) {
	f.Add(cosigner("x").String())
	f.Fuzz(func(t *testing.T, s string) {
		if k, err := tlog.ParseKey(s); err == nil && k.String() != s {
			t.Fatal("a key has two encodings")
		}
	})
}
