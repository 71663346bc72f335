// Package cardinality counts how many digests two members have in common, and shows neither which: an
// intersection's size by Diffie–Hellman over ristretto255 (De Cristofaro, Gasti and Tsudik, "Fast and
// private computation of cardinality of set intersection and union", CANS 2012), described in
// specs/bulk-psi.md under "Counting". Two members decide by it whether to compare their sets at all.
//
//	Caller (set X)                                     Responder (set Y)
//	====================================================================
//	a random, R = a·G, A_i = a·H(x_i)
//	                     request: R, all A_i
//	                     ------------------->
//	                                      b random
//	                                      all b·A_i, sorted, which forgets their order
//	                                      all tags H'(b·H(y)), sorted
//	                     response
//	                     <-------------------
//	count of i with H'(a^-1·b·A_i) among the tags
//
// What leaks. The caller learns the size of the intersection and of Y. The responder learns the size of X.
// An honest caller learns no more, since sorting loses which b·A_i belongs to which x. A caller that cheats
// and multiplies each digest by a secret of its own can try all of them on each answer and so learn which
// match: the result is then that of an intersection. Therefore the caller signs [Request.Statement], which
// holds R and every A_i; an audit has it open digests that it draws, each with a proof ([Caller.Open],
// [CheckOpening]) that the one secret of R was used; policy and budgets take a count for an intersection; and sets
// of fewer than [MinItems] digests are refused, with which a count comes close to a look-up. A caller that
// asks twice with sets that differ in one digest learns about that one: runs of a pair are bounded by
// policy. A responder that cheats can make the count anything; it cannot learn.
//
// Time. Multiplication and hashing to the group take time independent of secrets and digests. Sorting and
// looking up take time that depends on pseudo-random encodings only. Decoding a peer's elements stops at
// the first fault.
package cardinality

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync"

	"github.com/crosslight/crosslight/privacy/ristretto"
)

// Sizes in bytes, and limits.
const (
	DigestSize  = 32
	ElementSize = ristretto.ElementSize
	TagSize     = 16
	ProofSize   = 2 * ristretto.ScalarSize
	MinItems    = 1000
	MaxItems    = 1 << 20
)

var (
	// ErrItems reports a set with a digest that comes twice, or bytes that are not digests.
	ErrItems = errors.New("cardinality: not a set of digests")
	// ErrTooFew reports a set of fewer than MinItems digests, own or the peer's.
	ErrTooFew = errors.New("cardinality: too few digests for a count that hides them")
	// ErrTooMany reports more than MaxItems.
	ErrTooMany = errors.New("cardinality: too many digests")
	// ErrMessage reports a peer's bytes that are no valid request or response.
	ErrMessage = errors.New("cardinality: message is not valid")
	// ErrProof reports an opening that does not belong to the request.
	ErrProof = errors.New("cardinality: opening does not hold")
)

const (
	groupDomain     = "crosslight/cardinality/v1 group"
	tagDomain       = "crosslight/cardinality/v1 tag"
	statementDomain = "crosslight/cardinality/v1 request"
	proofDomain     = "crosslight/cardinality/v1 proof"
	nonceDomain     = "crosslight/cardinality/v1 nonce"
)

// Context binds a run: what both parties agree on, hashed to 32 bytes.
type Context [32]byte

// Request is what the caller sends.
type Request struct {
	Commitment [ElementSize]byte // R
	Elements   []byte            // all A_i, ElementSize bytes each, in the order of the caller's digests
}

// Statement is what the caller signs: SHA-256 of the request with its context.
func (r *Request) Statement(c Context) [32]byte {
	h := hasher(statementDomain, c)
	h.Write(r.Commitment[:])
	h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(r.Elements)/ElementSize)))
	h.Write(r.Elements)
	return [32]byte(h.Sum(nil))
}

// Response is what the responder answers. Both lists ascend.
type Response struct {
	Elements []byte // as many as the request has
	Tags     []byte // TagSize bytes to each of the responder's digests
}

// Caller is the caller between request and response. Open serves after it, too.
type Caller struct {
	context Context
	digests []byte
	secret  *ristretto.Scalar
	request Request
}

// NewCaller makes a request for digests, DigestSize bytes each, all different. Errors are [ErrItems],
// [ErrTooFew] and [ErrTooMany].
func NewCaller(c Context, digests []byte, rnd io.Reader) (*Caller, *Request, error) {
	if err := checkSet(digests); err != nil {
		return nil, nil, err
	}
	secret, err := randomScalar(rnd)
	if err != nil {
		return nil, nil, err
	}
	o := &Caller{context: c, digests: digests, secret: secret}
	o.request.Commitment = [ElementSize]byte(ristretto.New().MulBase(secret).Encode(nil))
	o.request.Elements = multiply(len(digests)/DigestSize, half(secret), func(i int) *ristretto.Element {
		return c.group(digests[i*DigestSize:][:DigestSize])
	})
	request := o.request
	return o, &request, nil
}

// Answer makes the response of a responder with digests to a request. Errors are [ErrItems], [ErrTooFew],
// [ErrTooMany] and [ErrMessage].
func Answer(c Context, digests []byte, r *Request, rnd io.Reader) (*Response, error) {
	if err := checkSet(digests); err != nil {
		return nil, err
	}
	elements, err := decode(r.Elements)
	if err != nil {
		return nil, err
	}
	if commitment := ristretto.New(); commitment.Decode(r.Commitment[:]) != nil || commitment.Equal(ristretto.New()) == 1 {
		return nil, ErrMessage
	}
	if repeats(r.Elements, ElementSize) {
		return nil, fmt.Errorf("%w: an element comes twice", ErrMessage)
	}
	secret, err := randomScalar(rnd)
	if err != nil {
		return nil, err
	}
	secret = half(secret)
	out := multiply(len(elements), secret, func(i int) *ristretto.Element { return elements[i] })
	own := multiply(len(digests)/DigestSize, secret, func(i int) *ristretto.Element {
		return c.group(digests[i*DigestSize:][:DigestSize])
	})
	return &Response{Elements: sorted(out, ElementSize), Tags: sorted(c.tags(own), TagSize)}, nil
}

// Count returns how many digests both have. Errors are [ErrMessage], [ErrTooFew] and [ErrTooMany].
func (o *Caller) Count(r *Response) (int, error) {
	if len(r.Elements) != len(o.request.Elements) || !ascending(r.Elements, ElementSize) {
		return 0, fmt.Errorf("%w: elements", ErrMessage)
	}
	n := len(r.Tags) / TagSize
	switch {
	case len(r.Tags)%TagSize != 0 || !ascending(r.Tags, TagSize):
		return 0, fmt.Errorf("%w: tags", ErrMessage)
	case n < MinItems:
		return 0, ErrTooFew
	case n > MaxItems:
		return 0, ErrTooMany
	}
	elements, err := decode(r.Elements)
	if err != nil {
		return 0, err
	}
	inverse := ristretto.NewScalar().Invert(o.secret)
	plain := multiply(len(elements), half(inverse), func(i int) *ristretto.Element { return elements[i] })
	has := make(map[[TagSize]byte]struct{}, n)
	for i := range n {
		has[[TagSize]byte(r.Tags[i*TagSize:])] = struct{}{}
	}
	count, tags := 0, o.context.tags(plain)
	for i := 0; i < len(tags); i += TagSize {
		if _, ok := has[[TagSize]byte(tags[i:])]; ok {
			count++
		}
	}
	return count, nil
}

// group is H: SHA-512 mapped to the group (RFC 9496 §4.3.4).
func (c Context) group(digest []byte) *ristretto.Element {
	in := append(append(append([]byte(groupDomain), 0), c[:]...), digest...)
	uniform := sha512.Sum512(in)
	return ristretto.New().FromUniform(&uniform)
}

// tags is H' of every element.
func (c Context) tags(elements []byte) []byte {
	out := make([]byte, 0, len(elements)/ElementSize*TagSize)
	for i := 0; i < len(elements); i += ElementSize {
		h := hasher(tagDomain, c)
		h.Write(elements[i:][:ElementSize])
		out = append(out, h.Sum(nil)[:TagSize]...)
	}
	return out
}

type hash interface {
	Write([]byte) (int, error)
	Sum([]byte) []byte
}

func hasher(domain string, c Context) hash {
	h := sha256.New()
	h.Write(append(append([]byte(domain), 0), c[:]...))
	return h
}

// batch is how many elements are encoded with one inversion.
const batch = 256

// multiply returns the encodings of 2·s times each of n elements, on all cores. Whoever wants s gives its
// half.
func multiply(n int, s *ristretto.Scalar, element func(i int) *ristretto.Element) []byte {
	out := make([]byte, n*ElementSize)
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), (n+batch-1)/batch) {
		workers.Go(func() {
			for from := range next {
				to := min(from+batch, n)
				products := make([]*ristretto.Element, 0, batch)
				for i := from; i < to; i++ {
					products = append(products, ristretto.New().Mul(s, element(i)))
				}
				ristretto.EncodeDoubled(out[from*ElementSize:from*ElementSize:to*ElementSize], products)
			}
		})
	}
	for from := 0; from < n; from += batch {
		next <- from
	}
	close(next)
	workers.Wait()
	return out
}

// decode reads a peer's elements, of which none may be the identity.
func decode(b []byte) ([]*ristretto.Element, error) {
	n := len(b) / ElementSize
	switch {
	case len(b)%ElementSize != 0:
		return nil, ErrMessage
	case n < MinItems:
		return nil, ErrTooFew
	case n > MaxItems:
		return nil, ErrTooMany
	}
	identity, out := ristretto.New(), make([]*ristretto.Element, n)
	for i := range out {
		out[i] = ristretto.New()
		if out[i].Decode(b[i*ElementSize:][:ElementSize]) != nil || out[i].Equal(identity) == 1 {
			return nil, fmt.Errorf("%w: element %d", ErrMessage, i)
		}
	}
	return out, nil
}

func checkSet(digests []byte) error {
	n := len(digests) / DigestSize
	switch {
	case len(digests)%DigestSize != 0:
		return ErrItems
	case n < MinItems:
		return ErrTooFew
	case n > MaxItems:
		return ErrTooMany
	case repeats(digests, DigestSize):
		return ErrItems
	}
	return nil
}

func repeats(b []byte, size int) bool { return !ascending(sorted(b, size), size) }

// sorted returns the parts of b, size bytes each, in ascending order.
func sorted(b []byte, size int) []byte {
	parts := slices.Collect(slices.Chunk(b, size))
	slices.SortFunc(parts, bytes.Compare)
	return slices.Concat(parts...)
}

// ascending says whether each part is above the one before.
func ascending(b []byte, size int) bool {
	for i := size; i < len(b); i += size {
		if bytes.Compare(b[i-size:i], b[i:i+size]) >= 0 {
			return false
		}
	}
	return true
}

func randomScalar(rnd io.Reader) (*ristretto.Scalar, error) {
	var uniform [ristretto.UniformSize]byte
	if _, err := io.ReadFull(rnd, uniform[:]); err != nil {
		return nil, fmt.Errorf("read randomness: %w", err)
	}
	s, err := ristretto.NewScalar().SetUniformBytes(uniform[:])
	if err == nil && s.Equal(ristretto.NewScalar()) == 1 {
		err = errors.New("randomness gave a zero secret")
	}
	return s, err
}

var two = func() *ristretto.Scalar {
	s, err := ristretto.NewScalar().SetCanonicalBytes(append([]byte{2}, make([]byte, 31)...))
	if err != nil {
		panic(err)
	}
	return s
}()

// half returns s/2: the group encodes doubled elements by the batch.
func half(s *ristretto.Scalar) *ristretto.Scalar {
	return ristretto.NewScalar().Multiply(s, ristretto.NewScalar().Invert(two))
}
