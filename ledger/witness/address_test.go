package witness_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/ledger/witness"
	"github.com/crosslight/crosslight/protocol/member"
)

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
