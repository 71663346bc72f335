// Package home is a node's folder: what lies where in it, which version of Crosslight laid it out,
// and who holds it. One process at a time runs on a home; the lock is the kernel's, so a process that
// was killed leaves none behind.
//
//	HOME/
//	  version           the layout's number, in decimal
//	  node.lock         held by the running node; its text is the process number
//	  crosslight.yaml   the configuration
//	  member.card       the member's signed card, for others to read
//	  genesis.cbor      the complete signed genesis, once the consortium is founded
//	  invitation.cbor   what a newcomer was let in by; founders have none
//	  evidence/         proofs of other members' faults
//	  api.token         the local API's token        api.address   where the local API listens
//	  keys/             key files, encrypted (node/keys)
//	  store.db          the member's own indicators (node/store)
//	  activity.db       questions asked and answered, meters (node/store)
//	  raft/             the ledger (ledger/replica)
//	  cosigned/         the newest checkpoint that the member cosigned without a vote (ledger/witness)
//	  mirror/           own and others' encoded indexes (node/mirror)
//
// What leaks: a reader of the folder learns sizes, times and, from store.db and activity.db, the
// digests. Folders are mode 0700 and files 0600 for that reason; disk encryption is the operator's.
package home

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Version is the layout that this program writes and reads.
const Version = 1

// The errors of a home. Their texts say what to do next.
var (
	// ErrMissing reports a folder that is no node's home.
	ErrMissing = errors.New("no node's home folder here: make one with `crosslight init`, or name it with --home")
	// ErrExists reports a folder that already holds a home or something else.
	ErrExists = errors.New("the folder is not empty: choose another with --home")
	// ErrVersion reports a home that another version of the program laid out.
	ErrVersion = errors.New("the home folder was made by another version of crosslight")
	// ErrInUse reports a home on which another process runs.
	ErrInUse = errors.New("another node is running on this folder")
	// ErrExposed reports a home that other users of the machine can enter.
	ErrExposed = errors.New("the home folder is open to other users of this machine")
)

// Home is the path of a node's folder. Its methods name what lies in it and touch no disk.
type Home string

func (h Home) in(name string) string { return filepath.Join(string(h), name) }

// Config is the path of the node's configuration file.
func (h Home) Config() string { return h.in("crosslight.yaml") }

// Card is the path of the member's signed card.
func (h Home) Card() string { return h.in("member.card") }

// Genesis is the path of the complete signed genesis.
func (h Home) Genesis() string { return h.in("genesis.cbor") }

// Invitation is the path of the invitation by which a newcomer came in; founders have none.
func (h Home) Invitation() string { return h.in("invitation.cbor") }

// Evidence is the folder of what proves other members' faults.
func (h Home) Evidence() string { return h.in("evidence") }

// Token is the path of the local API's token.
func (h Home) Token() string { return h.in("api.token") }

// Address is the path of the file that says where the local API listens.
func (h Home) Address() string { return h.in("api.address") }

// Keys is the folder of the key files.
func (h Home) Keys() string { return h.in("keys") }

// Store is the path of the member's own database.
func (h Home) Store() string { return h.in("store.db") }

// Raft is the ledger's folder.
func (h Home) Raft() string { return h.in("raft") }

// Cosigned is the folder of what the member's cosigner key has signed while its node had no vote. It must
// never be put back from a copy.
func (h Home) Cosigned() string { return h.in("cosigned") }

// Mirror is the folder of the encoded indexes, the member's own and those of others.
func (h Home) Mirror() string { return h.in("mirror") }

func (h Home) version() string { return h.in("version") }

func (h Home) lock() string { return h.in("node.lock") }

// Create makes an empty home at dir, mode 0700. A folder that exists must be empty, or the error is
// [ErrExists]; nothing in it has been touched then.
func Create(dir string) (Home, error) {
	h := Home(dir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make the home folder: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", fmt.Errorf("read the home folder: %w", err)
	}
	if len(entries) > 0 {
		return "", fmt.Errorf("%w (%s)", ErrExists, dir)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return "", fmt.Errorf("close the home folder to others: %w", err)
	}
	return h, WriteFile(h.version(), []byte(strconv.Itoa(Version)+"\n"), 0o600)
}

// Open checks that dir is a home of this version which no other user can enter. It needs no lock and
// changes nothing. Errors are [ErrMissing], [ErrVersion] and [ErrExposed].
func Open(dir string) (Home, error) {
	h := Home(dir)
	text, err := os.ReadFile(h.version())
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%w (%s)", ErrMissing, dir)
	}
	if err != nil {
		return "", fmt.Errorf("read the home folder's version: %w", err)
	}
	if v := strings.TrimSpace(string(text)); v != strconv.Itoa(Version) {
		return "", fmt.Errorf("%w: layout %.20q here, %d known: run the version that made it", ErrVersion, v, Version)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return "", fmt.Errorf("read the home folder: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("%w: run `chmod 700 %s`", ErrExposed, dir)
	}
	return h, nil
}
