package forward

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/crosslight/crosslight/protocol/wire"
)

func TestRequest(t *testing.T) {
	good := Request{V: 1, LedgerID: make([]byte, 32), Entry: []byte{1}}
	for name, tc := range map[string]struct {
		change func(*Request)
		ok     bool
	}{
		"as it is to be":   {func(*Request) {}, true},
		"unknown version":  {func(r *Request) { r.V = 2 }, false},
		"short ledger id":  {func(r *Request) { r.LedgerID = make([]byte, 31) }, false},
		"no entry":         {func(r *Request) { r.Entry = nil }, false},
		"oversized":        {func(r *Request) { r.Entry = make([]byte, MaxRequest) }, false},
		"largest envelope": {func(r *Request) { r.Entry = make([]byte, 60<<10) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := good
			tc.change(&r)
			b, err := r.Encode()
			if err != nil {
				t.Fatal(err)
			}
			got, err := ParseRequest(b)
			if tc.ok != (err == nil) || err != nil && !errors.Is(err, ErrMessage) {
				t.Fatalf("ParseRequest: %v", err)
			}
			if tc.ok && !bytes.Equal(got.Entry, r.Entry) {
				t.Fatal("the entry changed on the way")
			}
		})
	}
}

func TestResponse(t *testing.T) {
	for name, tc := range map[string]struct {
		r  Response
		ok bool
	}{
		"accepted":       {Response{V: 1, Code: Accepted, Index: 7}, true},
		"not the leader": {Response{V: 1, Code: NotLeader, Leader: "12D3Koo"}, true},
		"rejected":       {Response{V: 1, Code: Rejected, Rule: 15, Reason: "out of order"}, true},
		"no rule":        {Response{V: 1, Code: Rejected}, false},
		"unknown code":   {Response{V: 1, Code: "maybe"}, false},
		"version":        {Response{V: 9, Code: Accepted}, false},
		"escape":         {Response{V: 1, Code: Rejected, Rule: 15, Reason: "\x1b[2J"}, false},
		"long leader":    {Response{V: 1, Code: NotLeader, Leader: strings.Repeat("a", maxPeer+1)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := wire.Encode(tc.r)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := ParseResponse(b); tc.ok != (err == nil) {
				t.Fatalf("ParseResponse: %v", err)
			}
		})
	}
}

func TestEncodeMakesTextsPrintable(t *testing.T) {
	b, err := Response{V: 1, Code: Rejected, Rule: 1, Reason: strings.Repeat("ü", 1000)}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParseResponse(b); err != nil {
		t.Fatal(err)
	}
}

func FuzzParse(f *testing.F) {
	r, _ := Request{V: 1, LedgerID: make([]byte, 32), Entry: []byte{1}}.Encode()
	s, _ := Response{V: 1, Code: Accepted, Index: 7}.Encode()
	f.Add(r)
	f.Add(s)
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := ParseRequest(b); err == nil {
			again, err := r.Encode()
			if err != nil || !bytes.Equal(again, b) {
				t.Fatal("a request has two encodings")
			}
		}
		if r, err := ParseResponse(b); err == nil {
			again, err := r.Encode()
			if err != nil || !bytes.Equal(again, b) {
				t.Fatal("a response has two encodings")
			}
		}
	})
}
