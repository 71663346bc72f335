package node

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/crosslight/crosslight/ledger/cosign"
	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/ledger/witness"
	"github.com/crosslight/crosslight/node/cosigning"
	"github.com/crosslight/crosslight/protocol/member"
)

// ErrWitness reports the address of a witness that cannot be used.
var ErrWitness = errors.New("a witness is named as URL#KEY, KEY as `crosslight witness init` prints it")

// witnessWithin bounds one question to an outside witness.
const witnessWithin = 10 * time.Second

// openCosigning makes this member's part in the cosignatures beyond the voters'. What its cosigner key has
// signed without a vote lies in a folder of its own: it outlives the ledger's, so that a node that fetches
// the ledger anew still knows what it must not contradict.
func (n *Node) openCosigning() error {
	held, err := openCosigned(n.home.Cosigned())
	if err != nil {
		return err
	}
	n.defers(held.Close)
	var outside []*witness.Client
	for _, address := range n.cfg.Witnesses {
		w, err := witness.ParseClient(address, &http.Client{Timeout: witnessWithin})
		if err != nil {
			return fmt.Errorf("%w: %s: %w", ErrWitness, address, err)
		}
		outside = append(outside, w)
	}
	n.cosigning = cosigning.New(cosigning.Config{
		LedgerID: n.genesis.ID(), Self: n.host.ID(), Name: n.card.Card.Name, Ledger: n.replica, Host: n.host, Log: n.log,
		Witnesses: outside,
		Follower: witness.NewFollower(witness.FollowerConfig{
			Key: n.ring.Private(member.Cosigner), Store: held, RootAt: n.replica.RootAt, Now: n.cfg.Now,
			Fork: witness.Evidence(filepath.Join(n.home.Cosigned(), "fork"), func(path string, err error) {
				n.log.Error("what this member cosigned is not in the history that is final: more than b voters cheated, or this node's files are from a copy", "both", path, "error", err)
			}),
		}),
	})
	n.host.Handle(cosign.Protocol, cosigning.MaxStreams, n.cosigning.Serve)
	return nil
}

// openCosigned takes the folder of what the cosigner key has signed, which is made when it is missing.
func openCosigned(dir string) (*witness.Folder, error) {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("make the folder of cosigned checkpoints: %w", err)
	}
	return witness.OpenFolder(dir)
}

// heldCosigned is what the cosigner key of a stopped node has signed without a vote, if anything.
func heldCosigned(dir string, ledgerID [32]byte) (tlog.Note, bool, error) {
	held, err := openCosigned(dir)
	if err != nil {
		return tlog.Note{}, false, err
	}
	note, ok, err := held.Newest(tlog.Origin(ledgerID))
	return note, ok, errors.Join(err, held.Close())
}
