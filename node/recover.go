package node

import (
	"encoding/hex"
	"fmt"
	"io"

	"github.com/crosslight/crosslight/ledger/recovery"
	"github.com/crosslight/crosslight/ledger/state"
)

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

// RecoverShow says what a recovery file would do.
func RecoverShow(file []byte, history io.Reader) (RecoveryInfo, error) {
	f, s, st, err := recoveryFiles(file, history)
	if err != nil {
		return RecoveryInfo{}, err
	}
	return describe(f, s, st), nil
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
