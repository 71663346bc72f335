package keys

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/crosslight/crosslight/protocol/member"
)

var pass = []byte("correct horse battery staple")

func create(t *testing.T) (*Ring, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "keys")
	r, err := Create(dir, pass, Options{WorkFactor: 2})
	if err != nil {
		t.Fatal(err)
	}
	return r, dir
}

func TestCreateAndOpen(t *testing.T) {
	made, dir := create(t)
	got, err := Open(dir, pass)
	if err != nil {
		t.Fatal(err)
	}
	if got.Set() != made.Set() {
		t.Error("another key set")
	}
	for _, role := range online() {
		if !got.Private(role).Equal(made.Private(role)) || member.PublicOf(got.Private(role)) != got.Set().Of(role) {
			t.Errorf("%s key differs", role)
		}
	}
	if got.Private(member.Root) != nil {
		t.Error("the root key is open")
	}
	full, err := got.OpenRoot(pass)
	if err != nil || !full.Private(member.Root).Equal(made.Private(member.Root)) {
		t.Errorf("root: %v", err)
	}
	card := member.Card{
		V: 1, Name: "Bank B", Sector: member.Finance, Jurisdiction: "DE", Keys: full.Set(), Addresses: []string{"/ip4/127.0.0.1/tcp/1"},
	}
	if _, err := member.SignCard(card, full.Private); err != nil {
		t.Error(err)
	}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if info, _ := d.Info(); err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestCreateRefuses(t *testing.T) {
	_, dir := create(t)
	if _, err := Create(dir, pass, Options{WorkFactor: 2}); !errors.Is(err, ErrExists) {
		t.Errorf("error %v", err)
	}
	if _, err := Open(dir, pass); err != nil {
		t.Errorf("the first keys are gone: %v", err)
	}
	for _, short := range []string{"", "1234567"} {
		if _, err := Create(filepath.Join(t.TempDir(), "k"), []byte(short), Options{WorkFactor: 2}); !errors.Is(err, ErrNoPassphrase) {
			t.Errorf("error %v", err)
		}
	}
	zeros := Options{WorkFactor: 2, Rand: zeroReader{}}
	if _, err := Create(filepath.Join(t.TempDir(), "k"), pass, zeros); !errors.Is(err, member.ErrKeySet) {
		t.Errorf("a broken source of randomness: %v", err)
	}
	parent := filepath.Join(t.TempDir(), "none")
	if _, err := Create(filepath.Join(parent, "keys"), pass, Options{WorkFactor: 2}); err == nil {
		t.Error("made without its parent")
	}
}

type zeroReader struct{}

func (zeroReader) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func TestOpenFails(t *testing.T) {
	edit := func(f func([]byte) []byte) func(string) error {
		return func(path string) error {
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return os.WriteFile(path, f(b), 0o600)
		}
	}
	for _, c := range []struct {
		name   string
		change func(path string) error
		pass   []byte
		want   error
	}{
		{"wrong passphrase", nil, []byte("something else"), ErrPassphrase},
		{"no passphrase", nil, nil, ErrNoPassphrase},
		{"missing", os.Remove, pass, ErrMissing},
		{"readable by others", func(p string) error { return os.Chmod(p, 0o644) }, pass, ErrExposed},
		{"empty", edit(func([]byte) []byte { return nil }), pass, ErrDamaged},
		{"torn", edit(func(b []byte) []byte { return b[:len(b)-1] }), pass, ErrDamaged},
		{"a flipped bit", edit(func(b []byte) []byte { b[len(b)-1] ^= 1; return b }), pass, ErrDamaged},
		{"bytes after the end", edit(func(b []byte) []byte { return append(b, 0) }), pass, ErrDamaged},
		{"another key file", func(p string) error { return os.Rename(filepath.Join(filepath.Dir(p), rootName), p) }, pass, ErrDamaged},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, dir := create(t)
			if c.change != nil {
				if err := c.change(filepath.Join(dir, memberName)); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := Open(dir, c.pass); !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
		})
	}
}

func TestRootOfAnother(t *testing.T) {
	r, dir := create(t)
	_, other := create(t)
	if err := os.Rename(filepath.Join(other, rootName), filepath.Join(dir, rootName)); err != nil {
		t.Fatal(err)
	}
	if _, err := r.OpenRoot(pass); !errors.Is(err, ErrDamaged) {
		t.Errorf("error %v", err)
	}
	if _, err := r.OpenRoot([]byte("wrong wrong")); !errors.Is(err, ErrPassphrase) {
		t.Errorf("error %v", err)
	}
}

func TestEpochs(t *testing.T) {
	r, dir := create(t)
	for _, n := range []uint64{1, 2, 1_000_000} {
		if err := r.NewEpoch(n); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.NewEpoch(2); !errors.Is(err, ErrEpochExists) {
		t.Errorf("error %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, epochsName, "7.age"), nil, 0o600); err != nil { // not a name of ours
		t.Fatal(err)
	}
	if got, err := r.Epochs(); err != nil || !slices.Equal(got, []uint64{1, 2, 1_000_000}) {
		t.Errorf("%v %v", got, err)
	}
	again, err := Open(dir, pass)
	if err != nil {
		t.Fatal(err)
	}
	one, err1 := r.Epoch(1)
	same, err2 := again.Epoch(1)
	two, err3 := again.Epoch(2)
	if err := errors.Join(err1, err2, err3); err != nil || one != same || one == two {
		t.Errorf("%v", err)
	}
	for range 2 { // erasing what is gone is no error
		if err := r.EraseEpoch(1); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.Epoch(1); !errors.Is(err, ErrNoEpoch) {
		t.Errorf("error %v", err)
	}
}

func TestEpochFileOfAnother(t *testing.T) {
	r, dir := create(t)
	other, otherDir := create(t)
	if err := errors.Join(r.NewEpoch(1), other.NewEpoch(2)); err != nil {
		t.Fatal(err)
	}
	move := func(from, to string) {
		t.Helper()
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	move(filepath.Join(otherDir, epochsName, "000002.age"), filepath.Join(dir, epochsName, "000002.age"))
	if _, err := r.Epoch(2); !errors.Is(err, ErrDamaged) {
		t.Errorf("another member's: %v", err)
	}
	move(filepath.Join(dir, epochsName, "000001.age"), filepath.Join(dir, epochsName, "000003.age"))
	if _, err := r.Epoch(3); !errors.Is(err, ErrDamaged) {
		t.Errorf("another epoch's: %v", err)
	}
}

func TestOPRFKey(t *testing.T) {
	r, _ := create(t)
	if err := errors.Join(r.NewEpoch(1), r.NewEpoch(2)); err != nil {
		t.Fatal(err)
	}
	type of struct {
		ledger byte
		name   string
		epoch  uint64
		typ    string
	}
	seen := map[[32]byte]of{}
	for _, o := range []of{
		{1, "Bank B", 1, "email"},
		{2, "Bank B", 1, "email"},
		{1, "Bank", 1, "email"},
		{1, "Bank B", 2, "email"},
		{1, "Bank B", 1, "phone"},
		{1, "Bank Be", 1, "mail"},
		{1, "", 1, ""},
	} {
		k, err := r.OPRFKey([32]byte{o.ledger}, o.name, o.epoch, o.typ)
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := seen[k.Public()]; ok {
			t.Errorf("%v and %v share a key", o, other)
		}
		seen[k.Public()] = o
		proof, err := Possession(k, [32]byte{o.ledger}, o.name, o.epoch, o.typ, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		public := k.Public()
		if err := member.VerifyPossession(public[:], member.PossessionContext([32]byte{o.ledger}, o.name, o.epoch, o.typ), proof); err != nil {
			t.Errorf("%v: %v", o, err)
		}
		again, err := r.OPRFKey([32]byte{o.ledger}, o.name, o.epoch, o.typ)
		if err != nil || again.Public() != k.Public() {
			t.Errorf("%v: not the same key again: %v", o, err)
		}
	}
	if _, err := r.OPRFKey([32]byte{1}, "Bank B", 9, "email"); !errors.Is(err, ErrNoEpoch) {
		t.Errorf("error %v", err)
	}
}

// TestLocalSecretsLast: what the store keeps under one must be found again, under another use not.
func TestLocalSecretsLast(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	made, err := Create(dir, pass, Options{WorkFactor: 2})
	if err != nil {
		t.Fatal(err)
	}
	opened, err := Open(dir, pass)
	if err != nil {
		t.Fatal(err)
	}
	if made.Local("match") != opened.Local("match") {
		t.Error("another secret after opening again")
	}
	if made.Local("match") == made.Local("watch") {
		t.Error("two uses share a secret")
	}
}
