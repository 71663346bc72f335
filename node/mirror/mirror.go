// Package mirror keeps encoded indexes on disk: the member's own, to serve, and those of others that
// it is entitled to, to look its own values up in. It implements the disk side of crosslight/index/v1
// and crosslight/mirror/v1 (specs/index.md); what travels is protocol/session's, what a segment says
// is privacy/index's.
//
//	HOME/mirror/<holder>/<epoch>/<type>/      <holder>: 32 hex digits of SHA-256(peer id)
//	  manifest                                signed, as it came
//	  <name>.tags  <name>.labels              segments, <name> in 64 hex digits
//	  <name>.tags.part  <name>.labels.part    downloads under way
//	  <name>.labels.sums                      of labels some of which were erased
//	  erasing                                 a manifest with withdrawals is being put in use
//
// What neither the manifest in use nor the one being downloaded lists is removed when a download
// begins and when it ends. One holder takes at most Options.MaxHolder of the disk, and no download
// begins that would leave less than Options.Reserve of it free: the ledger writes there as well.
//
// A segment's file takes its name only after every byte on disk has been checked against that name,
// and a manifest takes its place only after every segment it lists is there. So whatever a crash, a
// full disk or a lying peer does, what is looked up in is a whole index that its holder signed. A
// download that broke off goes on where it stopped; one whose bytes are wrong starts over.
//
// Segments are mapped into memory and searched as they are. They never change; a file that is cut
// short or fails to read while mapped is an error of the lookup ([ErrDisk]), not the process's end.
//
// What leaks, to whoever reads the folder: whose indexes are mirrored, how large they are and when
// they came. Without an OPRF output nothing in a segment can be read or tested.
package mirror

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"syscall"

	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
)

// The errors of a mirror. After each of them the index that was in use before still is.
var (
	// ErrFull reports a full disk, or one with less free than Options.Reserve. What had been downloaded
	// of the index was given back.
	ErrFull = errors.New("the disk is full: nothing was kept; free some space, the mirror tries again by itself")
	// ErrDisk reports a disk that failed to read or write, or a file that is no longer whole.
	ErrDisk = errors.New("the disk failed under the mirror: check the disk, then delete the mirror folder: other members' indexes are fetched again, the member's own is rebuilt from its store")
	// ErrNone reports an index or segment that is not here.
	ErrNone = errors.New("no such index is mirrored here")
	// ErrBytes reports a download that is not what the holder's signed manifest says, or a manifest
	// that names a segment of another index. It was thrown away.
	ErrBytes = errors.New("the segment received is not what its holder's manifest says")
	// ErrTorn reports a download resumed from this disk that is not the segment: a crash lost what an
	// earlier run wrote, and no peer is to blame. It was thrown away; begin again.
	ErrTorn = errors.New("the download resumed from disk was torn: it was thrown away and starts over")
	// ErrTooLarge reports an index above a limit of Options.
	ErrTooLarge = errors.New("the index is larger than this mirror takes: raise its limit")
	// ErrBusy reports an index that is being written already.
	ErrBusy = errors.New("the index is being written already")
	// ErrTurn reports a part that is not the next one, or a commit before the last one.
	ErrTurn = errors.New("not the part that is due")
	// ErrRef reports an indicator type that cannot name a folder.
	ErrRef = errors.New("not the name of an index")
)

// The defaults of Options.
const (
	DefaultMaxIndex  = 32 << 30 // bytes: 120 million entries
	DefaultMaxHolder = 64 << 30 // bytes
	DefaultReserve   = 1 << 30  // bytes
	DefaultServing   = 4
)

// Options adjust a mirror. Zero is the default.
type Options struct {
	MaxIndex  uint64 // bytes of one index
	MaxHolder uint64 // bytes on disk of one holder's indexes, with those that are about to be replaced
	Reserve   uint64 // bytes of the file system that downloads and builds leave free
	Serving   int    // parts read for other members at a time
	Log       *slog.Logger
	Free      func(dir string) (uint64, error) // bytes free; nil asks the file system. Tests fill the disk with it
}

func (o Options) withDefaults() Options {
	o.MaxIndex = cmp.Or(o.MaxIndex, DefaultMaxIndex)
	o.MaxHolder = cmp.Or(o.MaxHolder, DefaultMaxHolder)
	o.Reserve = cmp.Or(o.Reserve, DefaultReserve)
	o.Serving = cmp.Or(max(o.Serving, 0), DefaultServing)
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	return o
}

// Ref names an index.
type Ref struct {
	Holder member.PublicKey // the node key
	Epoch  uint64
	Type   string
}

// Mirror is the folder of encoded indexes. It is safe for concurrent use by one process.
type Mirror struct {
	dir     string
	options Options
	files   fileSystem
	serving chan struct{} // one for each part being read for another member
	known   *manifests    // has a mutex of its own, taken after mu
	erasing sync.RWMutex  // held while labels change, and shared while they are verified

	mu     sync.Mutex
	loaded map[Ref]*mapped // newest, mapped at first use
	busy   map[Ref]bool    // being written
	pulls  map[*Pull]bool  // under way; their Missing bytes are spoken for

	listeners []func(Update)
	builds    map[*Build]bool                 // not over; their files stay
	told      map[Ref]*session.SignedManifest // what listeners know to be in use; nil: nothing
}

// Open opens or makes the mirror in dir. Nothing is read or checked before it is used.
func Open(dir string, o Options) (*Mirror, error) {
	o = o.withDefaults()
	m := &Mirror{
		dir: dir, options: o, files: osFiles{free: o.Free},
		serving: make(chan struct{}, o.Serving), known: newManifests(),
		loaded: map[Ref]*mapped{}, busy: map[Ref]bool{}, pulls: map[*Pull]bool{},
		builds: map[*Build]bool{}, told: map[Ref]*session.SignedManifest{},
	}
	return m, disk(m.files.MkdirAll(dir))
}

// Close gives up what is mapped. Views in use stay good until they are released.
func (m *Mirror) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.forget(func(Ref) bool { return true })
}

var typePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)

func (m *Mirror) holderDir(holder member.PublicKey) string {
	h := sha256.Sum256([]byte(holder.PeerID()))
	return filepath.Join(m.dir, hex.EncodeToString(h[:16]))
}

func (m *Mirror) epochDir(holder member.PublicKey, epoch uint64) string {
	return filepath.Join(m.holderDir(holder), strconv.FormatUint(epoch, 10))
}

func (m *Mirror) refDir(ref Ref) (string, error) {
	if !typePattern.MatchString(ref.Type) {
		return "", ErrRef
	}
	return filepath.Join(m.epochDir(ref.Holder, ref.Epoch), ref.Type), nil
}

// take marks ref as being written.
func (m *Mirror) take(ref Ref) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.busy[ref] {
		return ErrBusy
	}
	m.busy[ref] = true
	return nil
}

func (m *Mirror) giveBack(ref Ref) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.busy, ref)
}

// end gives back what a pull holds.
func (m *Mirror) end(p *Pull) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.pulls, p)
	delete(m.busy, p.ref)
}

// forget unmaps what is loaded of the indexes that gone names, once their views are released. The
// caller holds the mutex.
func (m *Mirror) forget(gone func(Ref) bool) error {
	var err error
	for ref, l := range m.loaded {
		if gone(ref) {
			delete(m.loaded, ref)
			err = errors.Join(err, l.drop())
		}
	}
	return err
}

// disk gives a file system's error its name in this package. Paths hold no secret and are kept.
func disk(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrFull), errors.Is(err, ErrDisk):
		return err
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: %w", ErrNone, err)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%w (%w)", ErrFull, err)
	}
	return fmt.Errorf("%w (%w)", ErrDisk, err)
}
