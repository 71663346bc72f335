package session

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"testing"

	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
	"github.com/crosslight/crosslight/specs"
)

// unhexed is a byte string that stands in JSON as hex.
type unhexed []byte

func (b *unhexed) UnmarshalJSON(raw []byte) error {
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return err
	}
	out, err := hex.DecodeString(s)
	*b = out
	return err
}

type invalidVector struct {
	Why, Message, Error string
	Bytes               unhexed
}

func (v invalidVector) want(t *testing.T) error {
	t.Helper()
	err := map[string]error{
		"malformed": wire.ErrMalformed, "not-canonical": wire.ErrNotCanonical, "version": ErrVersion, "ledger": ErrLedger,
		"header": ErrHeader, "party": ErrParty, "batch": ErrBatchSize, "elements": ErrElements, "signature": ErrSignature,
		"turn": ErrTurn, "receipt": ErrReceipt, "manifest": ErrManifest, "part": ErrPart,
	}[v.Error]
	if err == nil {
		t.Fatalf("vector names an unknown error %q", v.Error)
	}
	return err
}

type queryVectors struct {
	Valid []struct {
		QuerierSeed      unhexed `json:"querier_seed"`
		HolderSeed       unhexed `json:"holder_seed"`
		CaseNonce        unhexed `json:"case_nonce"`
		CaseReference    string  `json:"case_reference"`
		Ledger           unhexed
		LedgerSize       uint64  `json:"ledger_size"`
		LedgerRoot       unhexed `json:"ledger_root"`
		RequestID        unhexed `json:"request_id"`
		ElementsRoot     unhexed `json:"elements_root"`
		HeaderHash       unhexed `json:"header_hash"`
		HolderLedgerSize uint64  `json:"holder_ledger_size"`
		BudgetLeft       uint64  `json:"budget_left"`
		Epoch            uint64
		Type, Purpose    string
		Querier, Holder  string

		Case, Elements, Header, Request, Evaluated, Proof, Response unhexed
	}
	Refusals []struct {
		Code       Code
		Rule       string
		ResetsAt   int64 `json:"resets_at"`
		RetryAfter int64 `json:"retry_after"`
		Unbound    bool
		Response   unhexed
	}
	Invalid []invalidVector
}

func load(t testing.TB, name string, v any) {
	t.Helper()
	b, err := specs.Vectors.ReadFile("vectors/" + name)
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// replay is the querier of the vectors with its one request in flight.
func replay(t *testing.T, f queryVectors) (*Asker, []byte) {
	t.Helper()
	v := f.Valid[0]
	a, err := NewAsker(AskerConfig{
		Ask: Ask{
			Ledger: [32]byte(v.Ledger), Size: v.LedgerSize, Root: [32]byte(v.LedgerRoot), Epoch: v.Epoch,
			Type: v.Type, Purpose: v.Purpose, Case: v.Case,
		},
		Key:    ed25519.NewKeyFromSeed(v.QuerierSeed),
		Holder: member.PublicOf(ed25519.NewKeyFromSeed(v.HolderSeed)),
		Rand:   bytes.NewReader(v.RequestID),
	})
	if err != nil {
		t.Fatal(err)
	}
	_, msg, err := a.Ask(v.Elements)
	if err != nil {
		t.Fatal(err)
	}
	return a, msg
}

func TestQueryVectors(t *testing.T) {
	var f queryVectors
	load(t, "query.json", &f)
	v := f.Valid[0]
	if c := CommitCase([32]byte(v.CaseNonce), v.CaseReference); !bytes.Equal(c[:], v.Case) {
		t.Errorf("case commitment %x", c)
	}
	a, request := replay(t, f)
	if !bytes.Equal(request, v.Request) {
		t.Fatalf("request %x", request)
	}
	h := newAnswerer(t, 1)
	q := question(t, h, request)
	if !bytes.Equal(q.Raw, v.Header) || !bytes.Equal(q.Hash[:], v.HeaderHash) || !bytes.Equal(q.Header.Tree[:], v.ElementsRoot) ||
		q.Header.Querier != v.Querier || q.Header.Holder != v.Holder || !q.Header.HasCase() {
		t.Errorf("question %+v", q.Header)
	}
	response, err := h.Reply(q, Evaluation{v.Evaluated, v.Proof, v.HolderLedgerSize, &v.BudgetLeft})
	if err != nil || !bytes.Equal(response, v.Response) {
		t.Errorf("response %x, %v", response, err)
	}
	answer, err := a.Receive(v.Response)
	if err != nil || !bytes.Equal(answer.Evaluated, v.Evaluated) || *answer.Receipt.BudgetLeft != v.BudgetLeft {
		t.Errorf("answer: %v", err)
	}
	for _, r := range f.Refusals {
		a, _ := replay(t, f)
		var got *Refusal
		if _, err := a.Receive(r.Response); !errors.As(err, &got) {
			t.Errorf("%s: %v", r.Code, err)
			continue
		}
		resets := int64(0)
		if !got.ResetsAt.IsZero() {
			resets = got.ResetsAt.Unix()
		}
		if got.Code != r.Code || got.Rule != r.Rule || resets != r.ResetsAt || int64(got.RetryAfter.Seconds()) != r.RetryAfter || a.Ready() == r.Unbound {
			t.Errorf("%s: arrived as %+v", r.Code, got)
		}
	}
}

func TestInvalidQueryVectors(t *testing.T) {
	var f queryVectors
	load(t, "query.json", &f)
	for _, v := range f.Invalid {
		var err error
		if v.Message == "request" {
			_, err = newAnswerer(t, 1).Receive(v.Bytes)
		} else {
			a, _ := replay(t, f)
			_, err = a.Receive(v.Bytes)
		}
		if want := v.want(t); !errors.Is(err, want) {
			t.Errorf("%s, %s: %v, want %v", v.Message, v.Why, err, want)
		}
	}
}

type mirrorVectors struct {
	Manifests []struct {
		Version      uint64
		Segments     int
		Hash, Signed unhexed
	}
	AskManifests    unhexed `json:"ask_manifests"`
	AskPart         unhexed `json:"ask_part"`
	AnswerManifests unhexed `json:"answer_manifests"`
	AnswerPart      unhexed `json:"answer_part"`
	AnswerRefusal   unhexed `json:"answer_refusal"`
	Invalid         []invalidVector
}

func TestMirrorVectors(t *testing.T) {
	var f mirrorVectors
	load(t, "index-mirror.json", &f)
	var previous *SignedManifest
	for _, v := range f.Manifests {
		m, err := ParseManifest(v.Signed, holder)
		if err != nil {
			t.Fatal(err)
		}
		if m.Manifest.Version != v.Version || len(m.Manifest.Segments) != v.Segments || !bytes.Equal(m.Hash[:], v.Hash) {
			t.Errorf("manifest %+v", m.Manifest)
		}
		if again := sign(t, m.Manifest); !bytes.Equal(again.Raw, v.Signed) {
			t.Errorf("manifest %d signed again differs", v.Version)
		}
		if previous != nil {
			if err := m.Follows(previous); err != nil {
				t.Errorf("manifest %d: %v", v.Version, err)
			}
		}
		previous = m
	}
	p := NewPuller(ledgerID, holder)
	if msg, err := p.AskManifests(0); err != nil || !bytes.Equal(msg, f.AskManifests) {
		t.Errorf("ask for manifests: %x, %v", msg, err)
	}
	for range 2 {
		if msg, err := p.AskPart([32]byte{1}, TagsFile, 0, 2); err != nil || !bytes.Equal(msg, f.AskPart) {
			t.Errorf("ask for a part: %x, %v", msg, err)
		}
	}
	if got, err := p.Receive(f.AnswerManifests); err != nil || len(got.Manifests) != 1 {
		t.Errorf("manifests: %v", err)
	}
	if got, err := p.Receive(f.AnswerPart); err != nil || !bytes.Equal(got.Part, []byte{1, 2}) {
		t.Errorf("part: %v", err)
	}
	var refusal *Refusal
	if _, err := p.Receive(f.AnswerRefusal); !errors.As(err, &refusal) || refusal.Code != NotPermitted {
		t.Errorf("refusal: %v", err)
	}
}

func TestInvalidMirrorVectors(t *testing.T) {
	var f mirrorVectors
	load(t, "index-mirror.json", &f)
	for _, v := range f.Invalid {
		var err error
		switch v.Message {
		case "manifest":
			_, err = ParseManifest(v.Bytes, holder)
		case "mirror-request":
			_, err = NewProvider(ledgerID).Receive(v.Bytes)
		case "mirror-answer":
			p := NewPuller(ledgerID, holder)
			if _, err := p.AskPart([32]byte{1}, TagsFile, 0, 2); err != nil {
				t.Fatal(err)
			}
			_, err = p.Receive(v.Bytes)
		}
		if want := v.want(t); !errors.Is(err, want) {
			t.Errorf("%s, %s: %v, want %v", v.Message, v.Why, err, want)
		}
	}
}
