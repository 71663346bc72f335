package session

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"testing"

	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

var updateVersions = flag.Bool("session.update", false, "write specs/vectors/index-announce.json again")

func versions() []IndexVersion {
	return []IndexVersion{
		{Epoch: 1, Type: "email", Version: 3, Manifest: [32]byte{1}},
		{Epoch: 1, Type: "phone", Version: 1, Manifest: [32]byte{2}},
		{Epoch: 2, Type: "email", Version: 1, Manifest: [32]byte{3}},
	}
}

// announceVectors are an announcement and an acknowledgement by fixed keys, and others to refuse.
type announceVectors struct {
	HolderSeed      string            `json:"holder_seed"`
	MirrorSeed      string            `json:"mirror_seed"`
	Ledger          string            `json:"ledger"`
	Announcement    string            `json:"announcement"`
	Acknowledgement string            `json:"acknowledgement"`
	Invalid         []announceInvalid `json:"invalid"`
}

type announceInvalid struct {
	Why     string `json:"why"`
	Message string `json:"message"` // "announcement" or "acknowledgement"
	Bytes   string `json:"bytes"`
	Error   string `json:"error"`
}

var (
	announceHolder = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{0x11}, ed25519.SeedSize))
	announceMirror = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{0x22}, ed25519.SeedSize))
	announceLedger = [32]byte(bytes.Repeat([]byte{0x33}, 32))
)

// rawVersions signs a body whatever it says.
func rawVersions(t testing.TB, key ed25519.PrivateKey, domain string, body any) []byte {
	t.Helper()
	b, err := wire.Encode(body)
	if err != nil {
		t.Fatal(err)
	}
	return encode(t, signedVersions{b, member.Sign(key, domain, b)})
}

func announcement() Announcement {
	return Announcement{V: 1, Ledger: announceLedger, Holder: member.PublicOf(announceHolder).PeerID(), Indexes: versions()}
}

func acknowledgement() Acknowledgement {
	return Acknowledgement{
		V: 1, Ledger: announceLedger, Holder: member.PublicOf(announceHolder).PeerID(),
		Mirror: member.PublicOf(announceMirror).PeerID(), Indexes: versions(),
	}
}

func makeAnnounceVectors(t *testing.T) announceVectors {
	t.Helper()
	out := announceVectors{
		HolderSeed: hex.EncodeToString(announceHolder.Seed()), MirrorSeed: hex.EncodeToString(announceMirror.Seed()),
		Ledger:          hex.EncodeToString(announceLedger[:]),
		Announcement:    hex.EncodeToString(rawVersions(t, announceHolder, announceDomain, announcement())),
		Acknowledgement: hex.EncodeToString(rawVersions(t, announceMirror, acknowledgeDomain, acknowledgement())),
	}
	add := func(why, message, err string, b []byte) {
		out.Invalid = append(out.Invalid, announceInvalid{why, message, hex.EncodeToString(b), err})
	}
	for _, c := range []struct {
		why, err string
		change   func(*Announcement)
	}{
		{"another version of the format", "version", func(a *Announcement) { a.V = 2 }},
		{"another ledger", "ledger", func(a *Announcement) { a.Ledger[0]++ }},
		{"no index", "header", func(a *Announcement) { a.Indexes = nil }},
		{"65 indexes", "header", func(a *Announcement) {
			a.Indexes = nil
			for i := range uint64(65) {
				a.Indexes = append(a.Indexes, IndexVersion{Epoch: i + 1, Type: "email", Version: 1})
			}
		}},
		{"one index twice", "header", func(a *Announcement) { a.Indexes[1] = a.Indexes[0] }},
		{"not in order", "header", func(a *Announcement) { a.Indexes[0], a.Indexes[1] = a.Indexes[1], a.Indexes[0] }},
		{"epoch 0", "header", func(a *Announcement) { a.Indexes[0].Epoch = 0 }},
		{"version 0", "header", func(a *Announcement) { a.Indexes[0].Version = 0 }},
		{"a type that is no word", "header", func(a *Announcement) { a.Indexes[0].Type = "E-mail" }},
		{"another holder than its key", "party", func(a *Announcement) { a.Holder = member.PublicOf(announceMirror).PeerID() }},
	} {
		a := announcement()
		c.change(&a)
		add(c.why, "announcement", c.err, rawVersions(t, announceHolder, announceDomain, a))
	}
	add("signed by another key", "announcement", "signature", rawVersions(t, announceMirror, announceDomain, announcement()))
	add("signed as an acknowledgement", "announcement", "signature", rawVersions(t, announceHolder, acknowledgeDomain, announcement()))
	other := acknowledgement()
	other.Mirror = other.Holder
	add("of another mirror", "acknowledgement", "party", rawVersions(t, announceMirror, acknowledgeDomain, other))
	other = acknowledgement()
	other.Holder = other.Mirror
	add("to another holder", "acknowledgement", "party", rawVersions(t, announceMirror, acknowledgeDomain, other))
	other = acknowledgement()
	other.Ledger[0]++
	add("on another ledger", "acknowledgement", "ledger", rawVersions(t, announceMirror, acknowledgeDomain, other))
	add("signed by the holder", "acknowledgement", "signature", rawVersions(t, announceHolder, acknowledgeDomain, acknowledgement()))
	add("an announcement", "acknowledgement", "malformed", rawVersions(t, announceMirror, acknowledgeDomain, announcement()))
	return out
}

// read parses a message of one of the two kinds as its receiver does.
func readVersions(message string, b []byte) error {
	if message == "announcement" {
		a, err := ReadAnnouncement(b, announceLedger)
		if err == nil {
			_, err = a.Verify(member.PublicOf(announceHolder))
		}
		return err
	}
	holder := member.PublicOf(announceHolder).PeerID()
	_, err := ParseAcknowledgement(b, announceLedger, holder, member.PublicOf(announceMirror))
	return err
}

func TestAnnounceVectors(t *testing.T) {
	if *updateVersions {
		b, err := json.MarshalIndent(makeAnnounceVectors(t), "", "  ")
		if err == nil {
			err = os.WriteFile("../../specs/vectors/index-announce.json", append(b, '\n'), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var v announceVectors
	load(t, "index-announce.json", &v)
	a, err := announcement().Sign(announceHolder)
	if err != nil || hex.EncodeToString(a) != v.Announcement {
		t.Errorf("another announcement: %v", err)
	}
	b, err := acknowledgement().Sign(announceMirror)
	if err != nil || hex.EncodeToString(b) != v.Acknowledgement {
		t.Errorf("another acknowledgement: %v", err)
	}
	if err := errors.Join(readVersions("announcement", a), readVersions("acknowledgement", b)); err != nil {
		t.Error(err)
	}
	for _, c := range v.Invalid {
		raw, err := hex.DecodeString(c.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if err := readVersions(c.Message, raw); !errors.Is(err, invalidVector{Error: c.Error}.want(t)) {
			t.Errorf("%s: %v, want %s", c.Why, err, c.Error)
		}
	}
}

func TestAckAnswer(t *testing.T) {
	b, err := AckAnswer{OK}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if a, err := ParseAckAnswer(b); err != nil || a.Code != OK {
		t.Errorf("%v, %v", a, err)
	}
	if _, err := ParseAckAnswer(encode(t, AckAnswer{"nonsense"})); !errors.Is(err, ErrHeader) {
		t.Errorf("a code that is none: %v", err)
	}
	if _, err := ParseAckAnswer(make([]byte, MaxAckAnswer+1)); !errors.Is(err, wire.ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
}

func FuzzVersions(f *testing.F) {
	a, _ := announcement().Sign(announceHolder)
	b, _ := acknowledgement().Sign(announceMirror)
	f.Add(a, true)
	f.Add(b, false)
	f.Fuzz(func(t *testing.T, msg []byte, announce bool) {
		if !announce {
			ack, err := ParseAcknowledgement(msg, announceLedger, member.PublicOf(announceHolder).PeerID(), member.PublicOf(announceMirror))
			named(t, err)
			if err == nil {
				if again, err := ack.Sign(announceMirror); err != nil || !bytes.Equal(again, msg) {
					t.Fatalf("two encodings: %v", err)
				}
			}
			return
		}
		read, err := ReadAnnouncement(msg, announceLedger)
		named(t, err)
		if err != nil {
			return
		}
		says, err := read.Verify(member.PublicOf(announceHolder))
		named(t, err)
		if err == nil {
			if again, err := says.Sign(announceHolder); err != nil || !bytes.Equal(again, msg) {
				t.Fatalf("two encodings: %v", err)
			}
		}
	})
}
