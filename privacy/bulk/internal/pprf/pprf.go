// Package pprf gives one party all 2^k leaves of each of many trees, and the other all but one: the
// punctured pseudo-random function of Goldreich, Goldwasser and Micali by oblivious transfer, with the
// proof of SoftSpokenOT (Roy, eprint 2022/192, figures 13 and 14) that the leaves are the same on both
// sides. Without the proof a cheating offerer could make the other party's behaviour depend on the missing
// leaf, and learn about it from whether the session goes on.
//
//	Offerer (both keys of k transfers a tree)         Taker (one key of each)
//	=========================================================================
//	root random, node -> two nodes; leaf -> seed, proof
//	of each level: sum of left nodes under key 0, of right ones under key 1
//	of each tree: sum of all proofs; over all trees: hash of all proofs
//	                     ------------------------>
//	                                              rebuilds all but the path that its
//	                                              choices leave out, the missing proof
//	                                              from the sum; the hash must agree
//
// Which leaf is missing is the taker's secret: it is handled in constant time.
package pprf

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/crosslight/crosslight/privacy/bulk/internal/baseot"
	"github.com/crosslight/crosslight/privacy/bulk/internal/simd"
)

const (
	nodeSize  = 16
	proofSize = 32
)

var (
	// ErrMessage reports a message of the wrong length.
	ErrMessage = errors.New("punctured PRF: message is not valid")
	// ErrProof reports leaves that are not the same on both sides: an offerer that cheats.
	ErrProof = errors.New("punctured PRF: proof does not hold")
)

// Shape says how many trees there are, and how deep.
type Shape struct{ Trees, Depth int }

// Leaves is the number of all leaves; Transfers that of the transfers.
func (s Shape) Leaves() int { return s.Trees << s.Depth }

// Transfers is how many oblivious transfers the trees take, level by level from the root, tree after tree.
func (s Shape) Transfers() int { return s.Trees * s.Depth }

// MessageSize is the length of the offerer's message in bytes.
func (s Shape) MessageSize() int { return s.Trees*s.treeSize() + sha256.Size }

func (s Shape) treeSize() int { return 2*nodeSize*s.Depth + proofSize }

type node [nodeSize]byte

// Offer grows the trees and returns all leaves, and the message for the taker.
func Offer(session baseot.Session, s Shape, keys [][2]baseot.Key, rnd io.Reader) ([]simd.Leaf, []byte, error) {
	leaves, message := make([]simd.Leaf, 0, s.Leaves()), make([]byte, 0, s.MessageSize())
	all, g := newProofHash(session), newGrower(session, s)
	for tree := range s.Trees {
		level := make([]node, 1, 1<<s.Depth)
		if _, err := io.ReadFull(rnd, level[0][:]); err != nil {
			return nil, nil, fmt.Errorf("read randomness: %w", err)
		}
		for depth := range s.Depth {
			level = g.grow(tree, depth, level)
			pair := keys[tree*s.Depth+depth]
			for side := range 2 {
				sum := sumSide(level, side)
				subtle.XORBytes(sum[:], sum[:], pair[side][:])
				message = append(message, sum[:]...)
			}
		}
		ripe, proofs := g.ripen(tree, level)
		leaves = append(leaves, ripe...)
		var sum [proofSize]byte
		for x := range proofs {
			subtle.XORBytes(sum[:], sum[:], proofs[x][:])
			all.Write(proofs[x][:])
		}
		message = append(message, sum[:]...)
	}
	return leaves, all.Sum(message), nil
}

// Take rebuilds the trees from the choices, a byte 0 or 1 a transfer, and the keys that they gave. It
// returns for each tree the number of the missing leaf, and the leaves such that index y of a tree has
// leaf y ^ missing: index 0 is the missing one, whose content means nothing. Errors are [ErrMessage] and
// [ErrProof].
func Take(session baseot.Session, s Shape, choices []byte, keys []baseot.Key, message []byte) (missing []byte, leaves []simd.Leaf, err error) {
	if len(message) != s.MessageSize() {
		return nil, nil, ErrMessage
	}
	missing, leaves = make([]byte, s.Trees), make([]simd.Leaf, 0, s.Leaves())
	all, g := newProofHash(session), newGrower(session, s)
	for tree := range s.Trees {
		part := message[tree*s.treeSize():][:s.treeSize()]
		level := make([]node, 1, 1<<s.Depth) // the root is missing: zeros
		at := 0                              // the missing node of the level
		for depth := range s.Depth {
			c := int(choices[tree*s.Depth+depth])
			level = g.grow(tree, depth, level)
			left, right := 2*at, 2*at+1
			at = right - c // the sum of side c is what the choice gives; the other child stays missing
			wipe(level, left)
			wipe(level, right)
			sum := sumSideSecret(level, c)
			subtle.XORBytes(sum[:], sum[:], keys[tree*s.Depth+depth][:])
			masked := part[2*nodeSize*depth:][:2*nodeSize]
			var own node
			copy(own[:], masked[:nodeSize])
			subtle.ConstantTimeCopy(c, own[:], masked[nodeSize:])
			subtle.XORBytes(sum[:], sum[:], own[:])
			put(level, left+c, &sum)
		}
		missing[tree] = byte(at)
		ripe, proofs := g.ripen(tree, level)
		sum := [proofSize]byte(part[2*nodeSize*s.Depth:])
		for x, proof := range proofs {
			for i := range sum {
				sum[i] ^= proof[i] &^ -byte(subtle.ConstantTimeEq(int32(x), int32(at)))
			}
		}
		for x := range proofs {
			subtle.ConstantTimeCopy(subtle.ConstantTimeEq(int32(x), int32(at)), proofs[x][:], sum[:])
			all.Write(proofs[x][:])
		}
		shift(ripe, at)
		leaves = append(leaves, ripe...)
	}
	if subtle.ConstantTimeCompare(all.Sum(nil), message[s.Trees*s.treeSize():]) != 1 {
		return nil, nil, ErrProof
	}
	return missing, leaves, nil
}

// grower hashes nodes, each with its tree, depth and place: SHA-256 of a block that the session fixes, and 32 bytes.
type grower struct {
	node, leaf, proof *simd.Hasher
	inputs            []byte
	sums              [][32]byte
}

const (
	nodeDomain  = "crosslight/bulk/v1 node"
	leafDomain  = "crosslight/bulk/v1 leaf"
	proofDomain = "crosslight/bulk/v1 proof"
	allDomain   = "crosslight/bulk/v1 proofs"
)

func newGrower(session baseot.Session, s Shape) *grower {
	family := func(name string) *simd.Hasher {
		var p simd.Prefix
		copy(p[:], session[:])
		copy(p[32:], name)
		return simd.NewHasher(p)
	}
	return &grower{
		node: family(nodeDomain), leaf: family(leafDomain), proof: family(proofDomain),
		inputs: make([]byte, inputSize<<s.Depth), sums: make([][32]byte, 1<<s.Depth),
	}
}

// inputSize is that of a hash's input: tree (2), depth (1), place (2), the node, zeros.
const inputSize = 32

func (g *grower) input(tree, depth int, level []node) []byte {
	for x := range level {
		in := g.inputs[x*inputSize:]
		binary.BigEndian.PutUint16(in, uint16(tree))
		in[2] = byte(depth)
		binary.BigEndian.PutUint16(in[3:], uint16(x))
		copy(in[5:], level[x][:])
	}
	return g.inputs[:len(level)*inputSize]
}

// grow gives each node two children.
func (g *grower) grow(tree, depth int, level []node) []node {
	sums := g.sums[:len(level)]
	g.node.Sum(sums, g.input(tree, depth, level), inputSize)
	next := make([]node, 0, 2*len(level))
	for x := range sums {
		next = append(next, node(sums[x][:nodeSize]), node(sums[x][nodeSize:]))
	}
	return next
}

// ripen makes the nodes of the last level leaves and their proofs. The proofs serve until the next call.
func (g *grower) ripen(tree int, level []node) (leaves []simd.Leaf, proofs [][proofSize]byte) {
	in := g.input(tree, 0, level)
	g.leaf.Sum(g.sums, in, inputSize)
	leaves = make([]simd.Leaf, len(level))
	for x := range leaves {
		copy(leaves[x].Key[:], g.sums[x][:16])
		copy(leaves[x].Nonce[:], g.sums[x][16:])
	}
	g.proof.Sum(g.sums, in, inputSize)
	return leaves, g.sums
}

type proofHash interface {
	Write([]byte) (int, error)
	Sum([]byte) []byte
}

func newProofHash(session baseot.Session) proofHash {
	h := sha256.New()
	h.Write(append(append([]byte(allDomain), 0), session[:]...))
	return h
}

func sumSide(level []node, side int) (sum node) {
	for x := side; x < len(level); x += 2 {
		subtle.XORBytes(sum[:], sum[:], level[x][:])
	}
	return sum
}

// sumSideSecret is sumSide for a side that must not show.
func sumSideSecret(level []node, side int) node {
	left, right := sumSide(level, 0), sumSide(level, 1)
	subtle.ConstantTimeCopy(side, left[:], right[:])
	return left
}

// wipe makes the node at a secret place zero, put sets it.
func wipe(level []node, at int) { put(level, at, new(node)) }

func put(level []node, at int, n *node) {
	for x := range level {
		subtle.ConstantTimeCopy(subtle.ConstantTimeEq(int32(x), int32(at)), level[x][:], n[:])
	}
}

// shift exchanges leaf x with leaf x ^ at, for all x, by one conditional exchange a bit of at.
func shift(leaves []simd.Leaf, at int) {
	for b := 1; b < len(leaves); b <<= 1 {
		mask := byte(-(at / b & 1))
		for x := range leaves {
			if x&b != 0 {
				continue
			}
			one, other := &leaves[x], &leaves[x|b]
			for i := range one.Key {
				t := (one.Key[i] ^ other.Key[i]) & mask
				one.Key[i], other.Key[i] = one.Key[i]^t, other.Key[i]^t
			}
			for i := range one.Nonce {
				t := (one.Nonce[i] ^ other.Nonce[i]) & mask
				one.Nonce[i], other.Nonce[i] = one.Nonce[i]^t, other.Nonce[i]^t
			}
		}
	}
}
