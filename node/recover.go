package node

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/ledger/finality"
	"github.com/crosslight/crosslight/ledger/recovery"
	"github.com/crosslight/crosslight/ledger/replica"
	"github.com/crosslight/crosslight/ledger/state"
	"github.com/crosslight/crosslight/node/home"
	"github.com/crosslight/crosslight/node/keys"
	"github.com/crosslight/crosslight/protocol/member"
)

// ErrSignedOther reports a seat that has signed another recovery into the same incarnation. Two
// signatures would prove that it cheated.
var ErrSignedOther = errors.New("this seat has signed another recovery of this ledger: two would be proof against it")

// RecoveryInfo says what a recovery file would do and what it still needs.
type RecoveryInfo struct {
	LedgerID    string   `json:"ledger_id"`
	Incarnation uint64   `json:"incarnation"` // that begins
	Size        uint64   `json:"size"`        // of the history that it goes on from
	Root        string   `json:"root"`        // hex, of that history
	Final       uint64   `json:"final"`       // of these entries were known to be final
	From        string   `json:"from"`        // the member whose history it is
	Voters      []string `json:"voters"`      // from then on
	Digest      string   `json:"digest"`      // hex SHA-256 of what seats sign: compare it over another channel
	Seats       int      `json:"seats"`
	Signed      int      `json:"signed"`
	NotSigned   []string `json:"not_signed"`   // seats
	NotCosigned []string `json:"not_cosigned"` // members whose nodes have not cosigned
	Cosigners   int      `json:"cosigners_needed"`
	Entered     bool     `json:"entered"`
	Ready       bool     `json:"ready"` // nodes may follow it
	Changes     []string `json:"changes"`
}

// RecoverCollect writes what the home's stopped node holds of the ledger to w.
func RecoverCollect(dir string, passphrase []byte, w io.Writer) error {
	o, err := openStopped(dir, passphrase)
	if err != nil {
		return err
	}
	defer o.close()
	return recovery.Survivor{
		Member: o.name, Leaves: o.ledger.Leaves, Final: pointOf(o.ledger.Final),
		Index: o.ledger.LogIndex, LogTerm: o.ledger.LogTerm, Term: o.ledger.Term,
	}.Write(w)
}

func pointOf(v finality.Value) recovery.Point { return recovery.Point{Size: v.Size, Root: v.Root} }

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

func (o *stopped) close() { _ = o.lock.Release() }

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

// RecoverDraft chooses the history to go on from among the survivors' and drafts its recovery by voters;
// none stands for the survivors that vote. It returns the recovery file and writes the history to out.
func RecoverDraft(survivors []io.Reader, voters []string, out io.Writer) ([]byte, RecoveryInfo, error) {
	var all []recovery.Survivor
	for i, r := range survivors {
		s, err := recovery.Read(r)
		if err != nil {
			return nil, RecoveryInfo{}, fmt.Errorf("survivor %d: %w", i+1, err)
		}
		all = append(all, s)
	}
	base, err := recovery.Choose(all)
	if err != nil {
		return nil, RecoveryInfo{}, err
	}
	st, err := base.Execute()
	if err != nil {
		return nil, RecoveryInfo{}, err
	}
	if len(voters) == 0 {
		voters = survivingVoters(st, all)
	}
	draft, err := base.Recovery(st, voters)
	if err != nil {
		return nil, RecoveryInfo{}, err
	}
	f := recovery.File{Draft: draft}
	file, err := f.Bytes()
	if err != nil {
		return nil, RecoveryInfo{}, err
	}
	return file, describe(f, base, st), base.Write(out)
}

func survivingVoters(st *state.State, all []recovery.Survivor) (names []string) {
	for _, s := range all {
		if m, ok := st.Member(s.Member); ok && m.Voter {
			names = append(names, s.Member)
		}
	}
	return names
}

func describe(f recovery.File, history recovery.Survivor, st *state.State) RecoveryInfo {
	statement, digest := f.Draft.Statement(), f.Draft.Digest()
	size, root, _ := statement.Tip() // its shape has been checked
	info := RecoveryInfo{
		LedgerID: hex.EncodeToString(statement.LedgerID[:]), Incarnation: statement.Incarnation,
		Size: size, Root: hex.EncodeToString(root[:]), Final: history.Final.Size, From: history.Member,
		Voters: statement.Voters, Digest: hex.EncodeToString(digest[:]), Entered: f.Entry != nil,
		NotSigned: []string{}, Changes: st.DescribeRecovery(f.Draft.Body()),
	}
	if tally, err := st.RecoveryTally(f.Draft.Body()); err == nil {
		info.Seats, info.Signed = tally.Seats, tally.Yes
		info.NotSigned = append(info.NotSigned, tally.Missing...)
	}
	info.NotCosigned, info.Cosigners = f.Missing(st)
	_, err := f.Check(history, recovery.Point{})
	info.Ready = err == nil
	return info
}

// recoveryFiles reads a recovery file and its history, and executes the latter.
func recoveryFiles(file []byte, history io.Reader) (recovery.File, recovery.Survivor, *state.State, error) {
	f, err := recovery.Parse(file)
	if err != nil {
		return f, recovery.Survivor{}, nil, err
	}
	s, err := recovery.Read(history)
	if err != nil {
		return f, s, nil, err
	}
	if err := f.Extends(s, recovery.Point{}); err != nil {
		return f, s, nil, err
	}
	st, err := s.Execute()
	return f, s, st, err
}

// RecoverShow says what a recovery file would do.
func RecoverShow(file []byte, history io.Reader) (RecoveryInfo, error) {
	f, s, st, err := recoveryFiles(file, history)
	if err != nil {
		return RecoveryInfo{}, err
	}
	return describe(f, s, st), nil
}

// RecoverSign has the home's member sign: its cosigner key the history, after its node's own final was
// found in it, and its seat key, if it has a seat, the recovery. What the seat signs is written down
// before it is signed.
func RecoverSign(dir string, passphrase, file []byte, history io.Reader, now time.Time) ([]byte, RecoveryInfo, error) {
	f, s, st, err := recoveryFiles(file, history)
	if err != nil {
		return nil, RecoveryInfo{}, err
	}
	o, err := openStopped(dir, passphrase)
	if err != nil {
		return nil, RecoveryInfo{}, err
	}
	defer o.close()
	if err := f.Extends(s, pointOf(o.ledger.Final)); err != nil {
		return nil, RecoveryInfo{}, err
	}
	if err := o.extendsCosigned(f, s); err != nil {
		return nil, RecoveryInfo{}, err
	}
	// Keys that came from a backup without the ledger: what the node held as final is not known, and a
	// cosigner that has forgotten it must not cosign. Its seat may sign.
	if !o.lost {
		f, err = f.Cosign(o.ring.Private(member.Cosigner), s, pointOf(o.ledger.Final), uint64(now.Unix()))
	}
	if err != nil {
		return nil, RecoveryInfo{}, err
	}
	if m, ok := st.Member(o.name); ok && m.Seat {
		if err := o.promise(f.Draft); err != nil {
			return nil, RecoveryInfo{}, err
		}
		f = f.Sign(o.ring.Private(member.Seat))
	}
	out, err := f.Bytes()
	return out, describe(f, s, st), err
}

// extendsCosigned refuses a history in which what this member's cosigner key has signed without a vote does
// not stand, also where the ledger's own folder was lost.
func (o *stopped) extendsCosigned(f recovery.File, s recovery.Survivor) error {
	held, ok, err := heldCosigned(o.home.Cosigned(), o.genesis.ID())
	if err != nil || !ok {
		return err
	}
	return f.Extends(s, recovery.Point{Size: held.Size, Root: held.Root})
}

// promise writes down which recovery this seat signs into an incarnation.
func (o *stopped) promise(d entry.RecoveryDraft) error {
	path := filepath.Join(string(o.home), fmt.Sprintf("recovery-%d.signed", d.Statement().Incarnation))
	digest := d.Digest()
	want := []byte(hex.EncodeToString(digest[:]) + "\n")
	have, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return home.WriteFile(path, want, 0o600)
	case err != nil:
		return fmt.Errorf("read what this seat has signed: %w", err)
	case !bytes.Equal(have, want):
		return fmt.Errorf("%w: the digest of that one is %s", ErrSignedOther, bytes.TrimSpace(have))
	}
	return nil
}

// RecoverMerge puts the signatures of several copies of one recovery file together.
func RecoverMerge(files [][]byte, history io.Reader) ([]byte, RecoveryInfo, error) {
	if len(files) == 0 {
		return nil, RecoveryInfo{}, fmt.Errorf("%w: no recovery file was given", recovery.ErrFile)
	}
	first, s, st, err := recoveryFiles(files[0], history)
	if err != nil {
		return nil, RecoveryInfo{}, err
	}
	for i, b := range files[1:] {
		f, err := recovery.Parse(b)
		if err == nil {
			first, err = recovery.Merge(first, f)
		}
		if err != nil {
			return nil, RecoveryInfo{}, fmt.Errorf("file %d: %w", i+2, err)
		}
	}
	out, err := first.Bytes()
	return out, describe(first, s, st), err
}

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
