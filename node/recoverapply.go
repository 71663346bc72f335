package node

import (
	"fmt"
	"io"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/recovery"
	"github.com/crosslight/crosslight/ledger/replica"
	"github.com/crosslight/crosslight/protocol/member"
)

// RecoverEnter has the home's seat make the ledger's entry of a recovery that enough seats have signed.
// One seat does it, once; all nodes follow that one file.
func RecoverEnter(dir string, passphrase, file []byte, history io.Reader) ([]byte, RecoveryInfo, error) {
	f, s, st, err := recoveryFiles(file, history)
	if err != nil {
		return nil, RecoveryInfo{}, err
	}
	if err := st.CheckRecovery(f.Draft.Body()); err != nil {
		return nil, RecoveryInfo{}, err
	}
	o, err := openStopped(dir, passphrase)
	if err != nil {
		return nil, RecoveryInfo{}, err
	}
	defer o.close()
	seat := o.ring.Private(member.Seat)
	signer := entry.Signer{Key: seat, LedgerID: st.LedgerID(), Incarnation: st.Incarnation()}
	if f.Entry, err = entry.NewRecoveryEntry(signer, st.NextSeq(member.PublicOf(seat).ID()), f.Draft); err != nil {
		return nil, RecoveryInfo{}, err
	}
	if err := st.Check(f.Entry); err != nil {
		return nil, RecoveryInfo{}, err
	}
	out, err := f.Bytes()
	return out, describe(f, s, st), err
}

// RecoverApply has the home's node follow a recovery, unless it does not extend what the node holds as
// final. It returns the folder under which the ledger of before stays, empty if there was none.
func RecoverApply(dir string, passphrase, file []byte, history io.Reader) (old string, info RecoveryInfo, err error) {
	f, s, st, err := recoveryFiles(file, history)
	if err != nil {
		return "", info, err
	}
	o, err := openStopped(dir, passphrase)
	if err != nil {
		return "", info, err
	}
	defer o.close()
	if o.genesis.ID() != f.Draft.Statement().LedgerID {
		return "", info, fmt.Errorf("%w: the home's and the recovery's", recovery.ErrOtherLedger)
	}
	leaves, err := f.Check(s, pointOf(o.ledger.Final))
	if err != nil {
		return "", info, err
	}
	old, err = replica.Rebase(o.home.Raft(), o.genesis, replica.Base{Leaves: leaves, Index: s.Index, Term: s.Term})
	return old, describe(f, s, st), err
}
