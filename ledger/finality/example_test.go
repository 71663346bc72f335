package finality_test

import (
	"crypto/ed25519"
	"fmt"

	"github.com/crosslight/crosslight/ledger/finality"
	"github.com/crosslight/crosslight/protocol/member"
)

// executed is a node's history: the root at each size from 1.
type executed [][32]byte

func (e executed) RootAt(size uint64) (root [32]byte, ok bool) {
	if size == 0 || size > uint64(len(e)) {
		return root, false
	}
	return e[size-1], true
}

// Example is the loop that a replica runs around a machine, here for a ledger with one voter, whose
// quorum is itself.
func Example() {
	logKey := ed25519.NewKeyFromSeed(make([]byte, 32))
	cosigner := ed25519.NewKeyFromSeed(append(make([]byte, 31), 1))
	voters, err := finality.NewVoters([]finality.Voter{{Log: member.PublicOf(logKey), Cosigner: member.PublicOf(cosigner)}})
	if err != nil {
		panic(err)
	}
	var disk []byte
	m, err := finality.New(finality.Config{
		Ledger: [32]byte{1}, Incarnation: 1, Key: logKey,
		Roster: finality.Fixed(voters), History: executed{{7}, {8}, {9}},
	}, disk)
	if err != nil {
		panic(err)
	}
	me := member.PublicOf(logKey).ID()
	if err := m.Round(1, me); err != nil { // raft: this node leads term 1
		panic(err)
	}
	if err := m.Propose(3); err != nil {
		panic(err)
	}
	for {
		r, more := m.Ready()
		if !more {
			break
		}
		if r.State != nil {
			disk = r.State // synced, before anything below
		}
		fmt.Println(len(r.Send), "messages to send")
		for _, f := range r.Final {
			fmt.Println("final: height", f.Height(), "size", f.Value().Size)
		}
		for _, f := range r.Cosign {
			c := finality.Cosign(f, me, cosigner, 1760000000)
			fmt.Println("cosigned:", c.Verify([32]byte{1}, voters))
		}
	}
	fmt.Println(len(disk) > 0)
	// Output:
	// 4 messages to send
	// final: height 1 size 3
	// cosigned: <nil>
	// true
}
