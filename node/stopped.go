package node

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/finality"
	"github.com/crosslight/crosslight/ledger/recovery"
	"github.com/crosslight/crosslight/ledger/replica"
	"github.com/crosslight/crosslight/node/home"
	"github.com/crosslight/crosslight/node/keys"
)

// stopped is a home whose node does not run, with what it holds of the ledger.
type stopped struct {
	home    home.Home
	lock    *home.Lock
	name    string
	genesis entry.SignedGenesis
	ring    *keys.Ring
	ledger  replica.Stopped
	lost    bool // there is no ledger, as in a home that was restored from a backup of its keys
}

// openStopped locks a home and reads its ledger. A node that has none yet holds the genesis alone.
func openStopped(dir string, passphrase []byte) (*stopped, error) {
	h, err := home.Open(dir)
	if err != nil {
		return nil, err
	}
	o := &stopped{home: h}
	if o.lock, err = h.Lock(); err != nil {
		return nil, err
	}
	if err := o.read(passphrase); err != nil {
		o.close()
		return nil, err
	}
	return o, nil
}

func (o *stopped) close() { _ = o.lock.Release() }

func (o *stopped) read(passphrase []byte) error {
	card, err := ownCard(o.home)
	if err != nil {
		return err
	}
	o.name = card.Card.Name
	raw, err := os.ReadFile(o.home.Genesis())
	if errors.Is(err, fs.ErrNotExist) {
		return ErrNotFounded
	}
	if err != nil {
		return fmt.Errorf("read the genesis: %w", err)
	}
	if o.genesis, err = entry.ParseGenesis(raw); err != nil {
		return fmt.Errorf("the home's genesis is damaged: %w", err)
	}
	if o.ring, err = keys.Open(o.home.Keys(), passphrase); err != nil {
		return err
	}
	o.ledger = replica.Stopped{Leaves: [][]byte{o.genesis.Raw()}}
	if _, err := os.Stat(o.home.Raft()); errors.Is(err, fs.ErrNotExist) {
		o.lost = true
		return nil
	}
	o.ledger, err = replica.ReadStopped(o.home.Raft(), o.genesis, o.ring.Set().Log.ID())
	return err
}

func pointOf(v finality.Value) recovery.Point { return recovery.Point{Size: v.Size, Root: v.Root} }
