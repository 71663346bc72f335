package bench

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"github.com/crosslight/crosslight/privacy/bulk"
)

// PrepareBulk makes a party's digests, so that Run can be timed without them. Digests are random; those
// that both have come from a seed of their own.
func PrepareBulk(p BulkParty) func(io.ReadWriter) (BulkMeasure, error) {
	digests := make([]byte, p.Own*bulk.DigestSize)
	fill(digests[:p.Common*bulk.DigestSize], p.Seed, "both")
	fill(digests[p.Common*bulk.DigestSize:], p.Seed, p.Role)
	return func(conn io.ReadWriter) (BulkMeasure, error) { return runBulk(p, digests, conn) }
}

func fill(b []byte, seed uint64, name string) {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	copy(key[8:], name)
	_, _ = rand.NewChaCha8(key).Read(b) // never fails
}

func runBulk(p BulkParty, digests []byte, conn io.ReadWriter) (BulkMeasure, error) {
	start := time.Now()
	before, err := selfCPU()
	if err != nil {
		return BulkMeasure{}, err
	}
	c := bulk.Config{Context: []byte("crosslight/bench/v1"), Mode: p.Mode, MaxPeer: p.Peer, Overwrite: true}
	var m bulk.Machine
	matches := func() int { return 0 }
	if p.Role == "receiver" {
		r, err := bulk.NewReceiver(c, digests)
		if err != nil {
			return BulkMeasure{}, err
		}
		m, matches = r, func() int { return r.Count() }
	} else if m, err = bulk.NewSender(c, digests, nil); err != nil {
		return BulkMeasure{}, err
	}
	sent, err := exchange(m, conn)
	if err != nil {
		return BulkMeasure{}, err
	}
	wall := time.Since(start)
	after, err := selfCPU()
	if err != nil {
		return BulkMeasure{}, err
	}
	rss, err := maxRSS()
	return BulkMeasure{CPU: after - before, Wall: wall, Bytes: sent, MaxRSS: rss, Matches: matches()}, err
}

// exchange carries a machine's messages over a connection, each behind its length in 4 bytes, and returns
// how many bytes it wrote.
func exchange(m bulk.Machine, conn io.ReadWriter) (sent int64, err error) {
	in, out := bufio.NewReaderSize(conn, 1<<18), bufio.NewWriterSize(conn, 1<<18)
	message := make([]byte, bulk.MaxMessage)
	for {
		for {
			b, err := m.Next()
			if err != nil {
				return 0, err
			}
			if b == nil {
				break
			}
			sent += 4 + int64(len(b))
			if _, err := out.Write(binary.BigEndian.AppendUint32(nil, uint32(len(b)))); err != nil {
				return 0, err
			}
			if _, err := out.Write(b); err != nil {
				return 0, err
			}
			m.Release(b)
		}
		if err := out.Flush(); err != nil {
			return 0, err
		}
		if m.Done() {
			return sent, nil
		}
		var length [4]byte
		if _, err := io.ReadFull(in, length[:]); err != nil {
			return 0, fmt.Errorf("read a message: %w", err)
		}
		n := binary.BigEndian.Uint32(length[:])
		if n > bulk.MaxMessage {
			return 0, errors.New("a message is too long")
		}
		if _, err := io.ReadFull(in, message[:n]); err != nil {
			return 0, fmt.Errorf("read a message: %w", err)
		}
		if err := m.Receive(message[:n]); err != nil {
			return 0, err
		}
	}
}
