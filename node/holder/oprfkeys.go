package holder

import (
	"sync"

	"github.com/crosslight/crosslight/node/keys"
	"github.com/crosslight/crosslight/privacy/voprf"
)

// oprfKeys keeps the derived OPRF keys, so that an epoch's file is decrypted once for each type and not
// for every question. The mutex is held over that: it takes a millisecond, once.
type oprfKeys struct {
	ring   *keys.Ring
	ledger [32]byte
	name   string

	mu    sync.Mutex
	open  map[oprfKeyName]*voprf.SecretKey
	seals map[uint64]*outputSeal // by epoch
}

type oprfKeyName struct {
	epoch uint64
	typ   string
}

func newOPRFKeys(ring *keys.Ring, ledger [32]byte, name string) *oprfKeys {
	return &oprfKeys{ring: ring, ledger: ledger, name: name, open: map[oprfKeyName]*voprf.SecretKey{}, seals: map[uint64]*outputSeal{}}
}

// get returns the key for (epoch, typ). Callers have checked that the ledger knows both, so that a
// peer cannot make the map grow.
func (k *oprfKeys) get(epoch uint64, typ string) (*voprf.SecretKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	name := oprfKeyName{epoch, typ}
	if key, ok := k.open[name]; ok {
		return key, nil
	}
	key, err := k.ring.OPRFKey(k.ledger, k.name, epoch, typ)
	if err != nil {
		return nil, err
	}
	k.open[name] = key
	return key, nil
}

// seal returns what hides the outputs of an epoch at rest.
func (k *oprfKeys) seal(epoch uint64) (*outputSeal, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if s, ok := k.seals[epoch]; ok {
		return s, nil
	}
	key, err := k.ring.CacheKey(epoch)
	if err != nil {
		return nil, err
	}
	k.seals[epoch] = (*outputSeal)(&key)
	return k.seals[epoch], nil
}

// forget lets go of everything of an epoch. What is being evaluated with it ends by itself.
func (k *oprfKeys) forget(epoch uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for name := range k.open {
		if name.epoch == epoch {
			delete(k.open, name)
		}
	}
	delete(k.seals, epoch)
}
