package cardinality

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/crosslight/crosslight/specs"
)

func source(name string) io.Reader { return rand.NewChaCha8(sha256.Sum256([]byte(name))) }

func digests(from, to int) (out []byte) {
	for i := from; i < to; i++ {
		d := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("digest"), uint64(i)))
		out = append(out, d[:]...)
	}
	return out
}

func exchange(t testing.TB, x, y []byte) (*Caller, *Request, *Response) {
	t.Helper()
	c, request, err := NewCaller(Context{1}, x, source("caller"))
	if err != nil {
		t.Fatal(err)
	}
	response, err := Answer(Context{1}, y, request, source("responder"))
	if err != nil {
		t.Fatal(err)
	}
	return c, request, response
}

func TestCount(t *testing.T) {
	for _, v := range []struct{ from, to, count int }{{0, 1000, 1000}, {1000, 2100, 0}, {999, 1999, 1}, {300, 1500, 700}} {
		c, _, response := exchange(t, digests(0, 1000), digests(v.from, v.to))
		if got, err := c.Count(response); err != nil || got != v.count {
			t.Errorf("%d to %d: %d, want %d: %v", v.from, v.to, got, v.count, err)
		}
	}
}

func TestSetsRefused(t *testing.T) {
	good := digests(0, 1000)
	for _, v := range []struct {
		why  string
		set  []byte
		want error
	}{
		{"empty", nil, ErrTooFew},
		{"one below the limit", digests(0, 999), ErrTooFew},
		{"a thousand with a repetition", append(digests(0, 999), digests(5, 6)...), ErrItems},
		{"half a digest", good[:len(good)-1], ErrItems},
		{"too many", make([]byte, (MaxItems+1)*DigestSize), ErrTooMany},
	} {
		if _, _, err := NewCaller(Context{}, v.set, source("c")); !errors.Is(err, v.want) {
			t.Errorf("%s: caller: %v", v.why, err)
		}
		if _, err := Answer(Context{}, v.set, &Request{}, source("r")); !errors.Is(err, v.want) {
			t.Errorf("%s: responder: %v", v.why, err)
		}
	}
}

func TestMessagesRefused(t *testing.T) {
	x := digests(0, 1000)
	c, request, response := exchange(t, x, x)
	for why, change := range map[string]func(r *Request){
		"identity":            func(r *Request) { clear(r.Elements[:32]) },
		"no element":          func(r *Request) { copy(r.Elements, bytes.Repeat([]byte{0xff}, 32)) },
		"the same twice":      func(r *Request) { copy(r.Elements, r.Elements[32:64]) },
		"half an element":     func(r *Request) { r.Elements = r.Elements[1:] },
		"identity committed":  func(r *Request) { r.Commitment = [32]byte{} },
		"commitment is noise": func(r *Request) { r.Commitment[31] = 0xff },
	} {
		bad := Request{request.Commitment, bytes.Clone(request.Elements)}
		change(&bad)
		if _, err := Answer(Context{1}, x, &bad, source("r")); !errors.Is(err, ErrMessage) {
			t.Errorf("request, %s: %v", why, err)
		}
	}
	for why, change := range map[string]func(r *Response){
		"element missing": func(r *Response) { r.Elements = r.Elements[32:] },
		"not ascending":   func(r *Response) { copy(r.Elements, r.Elements[32:64]) },
		"tags descend":    func(r *Response) { r.Tags[0] = 0xff },
		"half a tag":      func(r *Response) { r.Tags = r.Tags[1:] },
		"no element":      func(r *Response) { clear(r.Elements[:31]); r.Elements[31] = 0; r.Elements[0] = 1 },
	} {
		bad := Response{bytes.Clone(response.Elements), bytes.Clone(response.Tags)}
		change(&bad)
		if _, err := c.Count(&bad); !errors.Is(err, ErrMessage) {
			t.Errorf("response, %s: %v", why, err)
		}
	}
	if _, err := c.Count(&Response{response.Elements, response.Tags[TagSize:]}); !errors.Is(err, ErrTooFew) {
		t.Error(err)
	}
}

func TestOpening(t *testing.T) {
	x := digests(0, 1000)
	c, request, _ := exchange(t, x, x)
	for _, i := range []int{0, 500, 999} {
		p, err := c.Open(i, source("nonce"))
		if err != nil {
			t.Fatal(err)
		}
		if err := CheckOpening(Context{1}, request, &p); err != nil {
			t.Fatalf("element %d: %v", i, err)
		}
		for why, change := range map[string]func(p *Opening, c *Context){
			"another digest":    func(p *Opening, _ *Context) { p.Digest[0] ^= 1 },
			"another element":   func(p *Opening, _ *Context) { p.Index = (p.Index + 1) % 1000 },
			"no element":        func(p *Opening, _ *Context) { p.Index = 1000 },
			"below all":         func(p *Opening, _ *Context) { p.Index = -1 },
			"challenge":         func(p *Opening, _ *Context) { p.Proof[0] ^= 1 },
			"response":          func(p *Opening, _ *Context) { p.Proof[32] ^= 1 },
			"not reduced":       func(p *Opening, _ *Context) { p.Proof[63] = 0xff },
			"another context":   func(_ *Opening, c *Context) { c[0] = 2 },
			"challenge is high": func(p *Opening, _ *Context) { p.Proof[31] = 0xff },
		} {
			bad, context := p, Context{1}
			change(&bad, &context)
			if err := CheckOpening(context, request, &bad); !errors.Is(err, ErrProof) {
				t.Errorf("%s: %v", why, err)
			}
		}
	}
	if _, err := c.Open(1000, source("nonce")); !errors.Is(err, ErrItems) {
		t.Error(err)
	}
}

// TestCheatingCaller multiplies each digest by a secret of its own, which would let it tell the matches
// apart: no opening of such an element can be made with the commitment's secret.
func TestCheatingCaller(t *testing.T) {
	x := digests(0, 1000)
	c, request, _ := exchange(t, x, x)
	other, _, err := NewCaller(Context{1}, x, source("another secret"))
	if err != nil {
		t.Fatal(err)
	}
	mixed := Request{request.Commitment, bytes.Clone(request.Elements)}
	copy(mixed.Elements[32:], other.request.Elements[32:64])
	for _, cheat := range []*Caller{c, other} {
		cheat.request = mixed
		p, err := cheat.Open(1, source("nonce"))
		if err != nil {
			t.Fatal(err)
		}
		if err := CheckOpening(Context{1}, &mixed, &p); !errors.Is(err, ErrProof) {
			t.Errorf("an element under another secret opens: %v", err)
		}
	}
	if request.Statement(Context{1}) == mixed.Statement(Context{1}) {
		t.Error("the statement does not hold the elements")
	}
}

func FuzzAnswer(f *testing.F) {
	x := digests(0, 1000)
	_, request, _ := exchange(f, x, x)
	f.Add(request.Commitment[:], request.Elements[:64])
	f.Add(make([]byte, 32), bytes.Repeat([]byte{0xff}, 64))
	f.Fuzz(func(t *testing.T, commitment, first []byte) {
		r := Request{Elements: bytes.Clone(request.Elements)}
		copy(r.Commitment[:], commitment)
		copy(r.Elements, first)
		if _, err := Answer(Context{}, x, &r, source("r")); err != nil && !errors.Is(err, ErrMessage) {
			t.Fatal(err)
		}
	})
}

// TestVectors fixes every byte of a run from seeds, and refuses what must be refused.
func TestVectors(t *testing.T) {
	b, err := specs.Vectors.ReadFile("vectors/cardinality.json")
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		Context                        string
		CallerFrom                     int    `json:"caller_from"`
		CallerTo                       int    `json:"caller_to"`
		ResponderFrom                  int    `json:"responder_from"`
		ResponderTo                    int    `json:"responder_to"`
		CallerUniform                  string `json:"caller_uniform"`
		ResponderUniform               string `json:"responder_uniform"`
		NonceRandom                    string `json:"nonce_random"`
		Commitment, Statement, Opening string
		FirstElement                   string `json:"first_element"`
		ElementsSHA256                 string `json:"elements_sha256"`
		TagsSHA256                     string `json:"tags_sha256"`
		Count, Opened                  int
	}
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	unhex := func(s string) []byte {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	context := Context(unhex(v.Context))
	c, request, err := NewCaller(context, digests(v.CallerFrom, v.CallerTo), bytes.NewReader(unhex(v.CallerUniform)))
	if err != nil {
		t.Fatal(err)
	}
	response, err := Answer(context, digests(v.ResponderFrom, v.ResponderTo), request, bytes.NewReader(unhex(v.ResponderUniform)))
	if err != nil {
		t.Fatal(err)
	}
	count, err := c.Count(response)
	if err != nil {
		t.Fatal(err)
	}
	p, err := c.Open(v.Opened, bytes.NewReader(unhex(v.NonceRandom)))
	if err != nil {
		t.Fatal(err)
	}
	statement := request.Statement(context)
	sum := func(b []byte) []byte { s := sha256.Sum256(b); return s[:] }
	for what, pair := range map[string][2]string{
		"commitment": {hex.EncodeToString(request.Commitment[:]), v.Commitment},
		"first":      {hex.EncodeToString(request.Elements[:32]), v.FirstElement},
		"statement":  {hex.EncodeToString(statement[:]), v.Statement},
		"elements":   {hex.EncodeToString(sum(response.Elements)), v.ElementsSHA256},
		"tags":       {hex.EncodeToString(sum(response.Tags)), v.TagsSHA256},
		"opening":    {hex.EncodeToString(p.Proof[:]), v.Opening},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %s, want %s", what, pair[0], pair[1])
		}
	}
	if count != v.Count {
		t.Errorf("count %d, want %d", count, v.Count)
	}
}
