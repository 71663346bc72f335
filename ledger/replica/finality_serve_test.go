package replica

import (
	"errors"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crosslight/crosslight/ledger/finality"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

// TestHistoryCDDL: the published schemas have the fields that the messages have, no more and no fewer.
func TestHistoryCDDL(t *testing.T) {
	b, err := os.ReadFile("../../specs/history.cddl")
	if err != nil {
		t.Fatal(err)
	}
	text := regexp.MustCompile(`(?m);.*$`).ReplaceAllString(string(b), "")
	found := regexp.MustCompile(`(?ms)^([a-z-]+) = \{(.*?)^\}`).FindAllStringSubmatch(text, -1)
	messages := map[string]any{"history-ask": historyAsk{}, "history-head": historyHead{}}
	if len(found) != len(messages) {
		t.Errorf("%d maps, want %d", len(found), len(messages))
	}
	for _, m := range found {
		var want, got []string
		for _, k := range regexp.MustCompile(`\b(\d+): `).FindAllStringSubmatch(m[2], -1) {
			want = append(want, k[1])
		}
		for f := range reflect.TypeOf(messages[m[1]]).Fields() {
			got = append(got, strings.Split(f.Tag.Get("cbor"), ",")[0])
		}
		if !slices.Equal(want, got) {
			t.Errorf("%s: the schema has %v, the message %v", m[1], want, got)
		}
	}
}

// What a peer may not ask for, and what it may not answer.
func TestHistoryIsStrict(t *testing.T) {
	good := historyAsk{V: 1, From: 3, Size: 5}
	for name, a := range map[string]historyAsk{
		"a version to come": {V: 2, From: 3, Size: 5},
		"from nothing":      {V: 1, Size: 5},
		"backwards":         {V: 1, From: 5, Size: 3},
		"beyond 2^48":       {V: 1, From: 3, Size: maxTerm + 1},
	} {
		if err := a.check(); !errors.Is(err, ErrMessage) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, h := range map[string]historyHead{
		"a version to come": {V: 2, To: 5},
		"too few":           {V: 1, To: 4},
		"far beyond":        {V: 1, To: 6 + maxAhead},
		"an index of 2^49":  {V: 1, To: 5, Index: 2 * maxTerm},
	} {
		if err := h.check(good); !errors.Is(err, ErrMessage) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := errors.Join(good.check(), historyHead{V: 1, To: 5}.check(good), historyHead{V: 1}.check(good)); err != nil {
		t.Error(err)
	}
}

func FuzzFinalPoint(f *testing.F) {
	c := finality.Certificate{
		Statement: finality.Statement{Incarnation: 1, Kind: finality.Lock, Height: 7, Round: 2, Value: finality.Value{Size: 9}},
		Votes:     []finality.Vote{{Signer: member.KeyID{1}}, {Signer: member.KeyID{2}}},
	}
	p, err := FinalPoint{
		Certificate: c, At: time.Unix(1_800_000_000, 0),
		Cosignatures: []finality.Cosignature{{Height: 7, Value: finality.Value{Size: 9}, Time: 1_800_000_000}},
	}.bytes()
	if err != nil {
		f.Fatal(err)
	}
	if got, err := parsePoint(p); err != nil || got.Height != 7 || len(got.Cosignatures) != 1 {
		f.Fatalf("%+v, %v", got, err)
	}
	f.Add(p[:len(p)-sumSize])
	f.Fuzz(func(t *testing.T, b []byte) {
		sealed := append(slices.Clone(b), sum(pointPlace, b)...) // as if the sum held
		p, err := parsePoint(sealed)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Errorf("%v", err)
			}
			return
		}
		again, err := p.bytes()
		if err != nil || string(again) != string(sealed) {
			t.Errorf("another encoding is taken: %x, %v", b, err)
		}
	})
}

// A stranger's streams end at once; a member that sends what does not hold is heard for a while, and
// then no more, and leaves evidence.
func TestFinalityStreamsAreBounded(t *testing.T) {
	c := deciding(t, 3)
	kinds := make(chan string, 16)
	c.evidence = func(e Evidence) {
		select {
		case kinds <- e.Kind:
		default:
		}
	}
	c.start(c.orgs...)
	c.final(1)
	send := func(from string) (sent int) {
		conn, err := c.join(from, c.orgs[0].peer(), (*Replica).AcceptFinality)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
		bad := finality.Message{Cosignature: &finality.Cosignature{}}.Bytes()
		for ; sent < 2*maxBad && wire.WriteFrame(conn, bad) == nil; sent++ {
		}
		return sent
	}
	if n := send("12D3KooWStranger"); n != 0 {
		t.Errorf("a stranger sent %d messages", n)
	}
	if n := send(c.orgs[1].peer()); n != maxBad {
		t.Errorf("a member sent %d messages that do not hold", n)
	}
	want := map[string]bool{EvidenceSender: true, EvidenceFinality: true}
	c.eventually("both leave evidence", func() bool {
		select {
		case k := <-kinds:
			delete(want, k)
		default:
		}
		return len(want) == 0
	})
	c.final(c.must(c.nodeInfo(c.orgs[0], 1)) + 1)
}
