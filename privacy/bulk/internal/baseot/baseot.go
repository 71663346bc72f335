// Package baseot makes random oblivious transfers from group operations: the endemic OT of Masny and
// Rindal (CCS 2019, the instance from Diffie–Hellman) over ristretto255, secure against cheating parties
// in the random-oracle model. The receiver of choice c gets key c of two; either party may influence its
// own keys, which is all that "endemic" gives away and what an extension allows.
//
//	Receiver (choice c)                                Sender
//	==========================================================
//	R' random, a random,
//	R_{1-c} = R', R_c = a·G − H_c(R')
//	                       R_0, R_1, 64 bytes
//	                       ------------------>
//	                                  Y = y·G
//	                                  key_b = KDF(y·(R_b + H_b(R_{1-b})))
//	                           Y, 32 bytes
//	                       <------------------
//	key_c = KDF(a·Y)
//
// The sender's y serves for all transfers of a message, which the indices in both hashes keep apart. What
// leaks: nothing; R_0 and R_1 are both uniform whatever c is. Not secure against a quantum computer.
package baseot

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/crosslight/crosslight/privacy/ristretto"
)

// Sizes in bytes.
const (
	KeySize     = 16
	RequestSize = 2 * ristretto.ElementSize // a transfer
	ReplySize   = ristretto.ElementSize
)

// ErrMessage reports bytes that are not group elements, or a reply that is the identity.
var ErrMessage = errors.New("base OT: message is not valid")

// Key is one of the two keys of a transfer.
type Key [KeySize]byte

// Session is what the hashes are bound to: a value that no two sessions share.
type Session [32]byte

const (
	groupDomain = "crosslight/bulk/v1 base group"
	keyDomain   = "crosslight/bulk/v1 base key"
)

// Receiver is the receiving side between its request and the reply.
type Receiver struct {
	session Session
	choices []byte
	secrets []*ristretto.Scalar
	request []byte
}

// NewReceiver chooses, one byte 0 or 1 a transfer. The request is RequestSize a transfer.
func NewReceiver(session Session, choices []byte, rnd io.Reader) (r *Receiver, request []byte, err error) {
	r = &Receiver{session: session, choices: choices}
	var uniform [ristretto.UniformSize]byte
	for i, c := range choices {
		a, err := randomScalar(rnd)
		if err != nil {
			return nil, nil, err
		}
		if _, err := io.ReadFull(rnd, uniform[:]); err != nil {
			return nil, nil, fmt.Errorf("read randomness: %w", err)
		}
		other := ristretto.New().FromUniform(&uniform)
		first := other.Encode(nil)
		chosen := ristretto.New().MulBase(a)
		second := chosen.Subtract(chosen, r.session.group(i, c, first)).Encode(nil)
		swap(first, second, 1^c) // c = 1: R_0 is the random one
		r.request = append(append(r.request, first...), second...)
		r.secrets = append(r.secrets, a)
	}
	return r, r.request, nil
}

// Keys returns the chosen keys. The error is [ErrMessage].
func (r *Receiver) Keys(reply []byte) ([]Key, error) {
	y := ristretto.New()
	if y.Decode(reply) != nil || y.Equal(ristretto.New()) == 1 {
		return nil, ErrMessage
	}
	keys := make([]Key, len(r.choices))
	for i, a := range r.secrets {
		shared := ristretto.New().Mul(a, y)
		keys[i] = r.session.key(i, r.choices[i], r.request[i*RequestSize:][:RequestSize], reply, shared)
	}
	return keys, nil
}

// Send answers a request of n transfers with ReplySize bytes and returns both keys of each. The error is
// [ErrMessage].
func Send(session Session, request []byte, n int, rnd io.Reader) (reply []byte, keys [][2]Key, err error) {
	if len(request) != n*RequestSize {
		return nil, nil, ErrMessage
	}
	y, err := randomScalar(rnd)
	if err != nil {
		return nil, nil, err
	}
	reply = ristretto.New().MulBase(y).Encode(nil)
	keys = make([][2]Key, n)
	for i := range keys {
		pair := request[i*RequestSize:][:RequestSize]
		for b := range byte(2) {
			own, other := pair[int(b)*ristretto.ElementSize:][:ristretto.ElementSize], pair[int(1-b)*ristretto.ElementSize:][:ristretto.ElementSize]
			e := ristretto.New()
			if e.Decode(own) != nil {
				return nil, nil, ErrMessage
			}
			e.Add(e, session.group(i, b, other))
			keys[i][b] = session.key(i, b, pair, reply, e.Mul(y, e))
		}
	}
	return reply, keys, nil
}

// group is H_b of transfer i.
func (s Session) group(i int, b byte, element []byte) *ristretto.Element {
	uniform := sha512.Sum512(append(s.prefix(groupDomain, i, b), element...))
	return ristretto.New().FromUniform(&uniform)
}

func (s Session) key(i int, b byte, request, reply []byte, shared *ristretto.Element) Key {
	in := append(append(s.prefix(keyDomain, i, b), request...), reply...)
	sum := sha256.Sum256(shared.Encode(in))
	return Key(sum[:KeySize])
}

func (s Session) prefix(domain string, i int, b byte) []byte {
	in := append(make([]byte, 0, 256), domain...)
	in = append(append(in, 0), s[:]...)
	return append(binary.BigEndian.AppendUint32(in, uint32(i)), b)
}

func randomScalar(rnd io.Reader) (*ristretto.Scalar, error) {
	var uniform [ristretto.UniformSize]byte
	if _, err := io.ReadFull(rnd, uniform[:]); err != nil {
		return nil, fmt.Errorf("read randomness: %w", err)
	}
	return ristretto.NewScalar().SetUniformBytes(uniform[:])
}

// swap exchanges a and b if bit is 1, in the same time as if it is 0.
func swap(a, b []byte, bit byte) {
	t := append([]byte(nil), a...)
	subtle.ConstantTimeCopy(int(bit), a, b)
	subtle.ConstantTimeCopy(int(bit), b, t)
}
