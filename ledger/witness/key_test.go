package witness_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/ledger/witness"
	"github.com/crosslight/crosslight/protocol/member"
)

func TestKeyFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "w")
	public, err := witness.CreateKey(dir)
	must(t, err)
	private, err := witness.OpenKey(dir)
	if err != nil || tlog.CosignerKey(member.PublicOf(private)) != public {
		t.Fatalf("another key: %v", err)
	}
	if _, err := witness.CreateKey(dir); err == nil {
		t.Error("a key is overwritten")
	}
	path := filepath.Join(dir, "witness.key")
	good, err := os.ReadFile(path)
	must(t, err)
	for what, data := range map[string]string{
		"empty": "", "cut": string(good[:40]), "longer": string(good) + "\n", "without its header": string(good[26:]),
	} {
		must(t, os.WriteFile(path, []byte(data), 0o600))
		if _, err := witness.OpenKey(dir); !errors.Is(err, witness.ErrKeyFile) {
			t.Errorf("%s: %v", what, err)
		}
	}
	must(t, os.WriteFile(path, good, 0o600))
	must(t, os.Chmod(path, 0o640))
	if _, err := witness.OpenKey(dir); !errors.Is(err, witness.ErrKeyFile) {
		t.Errorf("readable by others: %v", err)
	}
	if _, err := witness.OpenKey(t.TempDir()); !errors.Is(err, witness.ErrKeyFile) {
		t.Errorf("no key: %v", err)
	}
}

func TestParseClient(t *testing.T) {
	k := tlog.CosignerKey(member.PublicOf(key("w")))
	c, err := witness.ParseClient("https://w.example/prefix#"+k.String(), http.DefaultClient)
	if err != nil || c.Key() != k {
		t.Fatal(err)
	}
	for _, bad := range []string{
		"", "https://w.example", "https://w.example#x", "ftp://w.example#" + k.String(), k.String(),
		"https://w.example#" + tlog.LogKey(origin, k.Public).String(),
	} {
		if _, err := witness.ParseClient(bad, http.DefaultClient); !errors.Is(err, tlog.ErrKey) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
