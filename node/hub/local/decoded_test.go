package local

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/ledgertest"
)

func decodedJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(decoded(v))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestDecoded(t *testing.T) {
	l := ledgertest.Three(t)
	body := func(raw entry.Raw) entry.Body {
		signed, err := entry.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		return signed.Body()
	}
	for _, c := range []struct {
		v    any
		want string
	}{
		{entry.Vote{Proposal: entry.Hash{1, 255}, Yes: true}, `{"proposal":"01ff` + strings.Repeat("0", 60) + `","yes":true}`},
		{entry.ClockAttest{Time: 1 << 63}, `{"time":9223372036854775808}`},
		{body(l.Propose(ledgertest.Bank, entry.Suspend{Member: "Police C"})), `{"content":{"member":"Police C"},"proposal":"suspend","reason":"a test"}`},
		{entry.NodeInfo{Addresses: []string{"/a"}, Version: "1"}, `{"addresses":["/a"],"version":"1"}`},
		{struct{ LedgerID, EvaluationsPerDay, V, P2PListen, OPRFKeys *int }{}, `{"evaluations_per_day":null,"ledger_id":null,"oprf_keys":null,"p2p_listen":null,"v":null}`},
	} {
		if got := decodedJSON(t, c.v); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}

// TestDecodedHidesNothing looks into a genesis for what lies deep in it.
func TestDecodedHidesNothing(t *testing.T) {
	g := ledgertest.Genesis(t, ledgertest.Platform, ledgertest.Bank, ledgertest.Police)
	got := decodedJSON(t, g.Genesis())
	for _, want := range []string{
		`"name":"Bank B"`, `"sector":"finance"`, `"constitutional":{"den":4,"more":false,"num":3}`, `"evaluations_per_day"`,
		`"nonce":"07070707070707070707070707070707"`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
}
