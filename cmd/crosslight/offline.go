package main

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/node"
	"github.com/crosslight/crosslight/node/home"
	"github.com/crosslight/crosslight/node/hub"
	"github.com/crosslight/crosslight/node/keys"
	"github.com/crosslight/crosslight/node/offline"
)

// draftFlags say that a command writes a draft, to be signed elsewhere, instead of acting.
type draftFlags struct {
	out   string
	seat  string
	ahead uint64
}

func (d *draftFlags) add(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&d.out, "out", "", "write a draft to this file, to be signed where the seat key is, and stop")
	f.StringVar(&d.seat, "for", "", "with --out: the member whose seat signs (default: this node's)")
	f.Uint64Var(&d.ahead, "ahead", 0, "with --out: how many other drafts of this seat will be submitted first")
}

// draftReport is what a draft says, before and after it is signed.
type draftReport struct {
	File     string   `json:"file"`
	Kind     string   `json:"kind"`
	Member   string   `json:"member"`
	Key      string   `json:"key"` // the id of the key that signs
	LedgerID string   `json:"ledger_id"`
	Seq      uint64   `json:"seq"`
	Draft    string   `json:"draft"`  // hex SHA-256 of what is to be signed
	Vote     *string  `json:"vote"`   // yes or no; null for what is no vote, or not decided
	Hash     *string  `json:"hash"`   // of the entry; null until it is signed
	Words    []string `json:"words"`  // what a signature does
	Seen     []string `json:"seen"`   // what the node that wrote the draft says, unchecked
	Signed   bool     `json:"signed"` // the file holds the signature
	DryRun   bool     `json:"dry_run"`
}

func reportOf(d offline.Draft, path, vote string) (draftReport, error) {
	words, err := d.Words(vote)
	if err != nil {
		return draftReport{}, err
	}
	digest, err := d.Digest()
	r := draftReport{
		File: path, Kind: d.Kind.String(), Member: d.Member, Key: d.Key.ID().String(),
		LedgerID: hex.EncodeToString(d.LedgerID[:]), Seq: d.Seq, Draft: hex.EncodeToString(digest[:]),
		Words: words, Seen: append([]string{}, d.Seen...),
	}
	if vote != "" {
		r.Vote = &vote
	}
	return r, err
}

func draftTable(t *table, r draftReport) {
	for _, w := range r.Words {
		t.line("signs     %s", text(w))
	}
	for _, s := range r.Seen {
		t.line("node says %s", text(s))
	}
	t.line("draft     %s", r.Draft)
	if r.Hash != nil {
		t.line("entry     %s", *r.Hash)
	}
}

// writeDraft has the node write a draft and says what is in it.
func (a *app) writeDraft(ctx context.Context, req hub.DraftRequest, d draftFlags) error {
	h, err := a.hub()
	if err != nil {
		return err
	}
	req.Seat, req.Ahead = d.seat, d.ahead
	file, err := h.Draft(ctx, req)
	if err != nil {
		return err
	}
	draft, err := offline.Parse(file)
	if err != nil {
		return err
	}
	if err := writeNew(d.out, file); err != nil {
		return err
	}
	r, err := reportOf(draft, d.out, "")
	if err != nil {
		return err
	}
	if err := a.print(r, func(t *table) { draftTable(t, r) }); err != nil {
		return err
	}
	a.say("Bring %s to the machine with the %s key of %s and run `crosslight proposal sign %s`.", d.out, draft.Role(), text(r.Member), d.out)
	return nil
}

// signFlags say how a draft is signed.
type signFlags struct {
	vote, out, key, root, ledger string
	dry, yes                     bool
}

func (a *app) proposalSign() *cobra.Command {
	var o signFlags
	c := a.verb(&cobra.Command{
		Use: "sign FILE", Short: "Sign a draft where the key is; needs no node", Args: cobra.ExactArgs(1),
		Long: "Shows in words what a draft would have the seat sign, asks, and writes the signed file. The key\n" +
			"is the one in HOME/keys, or the file that `crosslight seat detach` wrote. Compare the draft's\n" +
			"hash with the person who sent it; what follows \"node says\" is that node's word alone.",
		Example: "  crosslight proposal sign draft --vote yes --out draft.signed\n" +
			"  crosslight proposal sign draft --seat-key seat.age --vote no --out draft.signed",
	}, endless, func(_ context.Context, args []string) error { return a.signDraft(args[0], o) })
	f := c.Flags()
	f.StringVar(&o.vote, "vote", "", "yes or no, for the draft of a vote")
	f.StringVar(&o.out, "out", "", "file to write the signed draft to (default: FILE with .signed)")
	f.StringVar(&o.key, "seat-key", "", "file with the seat key (default: the key in HOME)")
	f.StringVar(&o.root, "root-key", "", "file with the root key, for the draft of a rotation or revocation (default: HOME/keys/root.age)")
	f.StringVar(&o.ledger, "ledger-id", "", "the ledger that it must be for, in hex (default: the one of HOME, if it has one)")
	f.BoolVar(&o.dry, "dry-run", false, "say what would be signed and stop")
	yesFlag(c, &o.yes)
	passphraseFlag(c)
	return c
}

func (a *app) signDraft(path string, o signFlags) error {
	if o.vote != "" && o.vote != "yes" && o.vote != "no" {
		return usage(fmt.Errorf("--vote %q: yes or no", o.vote))
	}
	if o.out == "" {
		o.out = path + ".signed"
	}
	file, err := readFile(path)
	if err != nil {
		return err
	}
	draft, err := offline.Parse(file)
	if err != nil {
		return err
	}
	if err := a.forThisLedger(draft, o.ledger); err != nil {
		return err
	}
	r, err := reportOf(draft, path, o.vote)
	if err != nil {
		return err
	}
	if r.DryRun = o.dry; o.dry {
		return a.print(r, func(t *table) { t.dryRun(true, "signed"); draftTable(t, r) })
	}
	if err := draft.CheckVote(o.vote); err != nil {
		return err
	}
	draftTable(&table{out: a.err}, r)
	if err := a.confirm(o.yes, "Sign this with the "+string(draft.Role())+" key?"); err != nil {
		return err
	}
	return a.signAs(draft, r, o)
}

func (a *app) signAs(draft offline.Draft, r draftReport, o signFlags) error {
	if exists(o.out) {
		return fmt.Errorf("%s exists: choose another --out", o.out)
	}
	key, err := a.signingKey(draft, o)
	if err != nil {
		return err
	}
	signed, err := draft.Sign(key, o.vote)
	if err != nil {
		return err
	}
	file, err := signed.Bytes()
	if err != nil {
		return err
	}
	if err := writeNew(o.out, file); err != nil {
		return err
	}
	hash := signed.Entry.Hash().String()
	r.File, r.Signed, r.Hash = o.out, true, &hash
	if err := a.print(r, func(t *table) { t.line("%s", o.out) }); err != nil {
		return err
	}
	a.say("Bring %s to any member's node and run `crosslight proposal submit %s`.", o.out, o.out)
	return nil
}

// signingKey opens the key that a draft is for.
func (a *app) signingKey(d offline.Draft, o signFlags) (ed25519.PrivateKey, error) {
	if d.Role() != "root" {
		return a.seatKey(o.key)
	}
	pass, err := a.passphrase(false)
	if err != nil {
		return nil, err
	}
	file, err := a.rootKeyFile(o.root)
	if err != nil {
		return nil, err
	}
	return keys.OpenRootFile(file, pass)
}

// seatKey opens the seat key: from the file that was named, else from the home.
func (a *app) seatKey(file string) (ed25519.PrivateKey, error) {
	pass, err := a.passphrase(false)
	if err != nil {
		return nil, err
	}
	if file != "" {
		return keys.OpenSeat(file, pass)
	}
	h, err := home.Open(a.cfg.Home)
	if err != nil {
		return nil, fmt.Errorf("%w; or name the seat key's file with --seat-key", err)
	}
	ring, err := keys.Open(h.Keys(), pass)
	if err != nil {
		return nil, err
	}
	seat, err := ring.Seat()
	if errors.Is(err, keys.ErrDetached) {
		return nil, errors.New("the seat key is in a file of its own: name it with --seat-key")
	}
	return seat, err
}

// forThisLedger refuses a draft for another ledger than the one that was named, or that the home
// belongs to. A machine that knows no ledger has the person compare the id.
func (a *app) forThisLedger(d offline.Draft, pinned string) error {
	if pinned == "" {
		file, err := os.ReadFile(home.Home(a.cfg.Home).Genesis())
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		info, err := node.GenesisShow(file)
		if err != nil {
			return err
		}
		pinned = info.LedgerID
	}
	id, err := ledgerID(pinned)
	if err != nil {
		return err
	}
	return d.For(id)
}

// ledgerID reads --ledger-id.
func ledgerID(digits string) ([32]byte, error) {
	id, err := hex.DecodeString(digits)
	if err != nil || len(id) != 32 {
		return [32]byte{}, usageText("--ledger-id: 64 hexadecimal digits")
	}
	return [32]byte(id), nil
}
