package evidence

import (
	"fmt"

	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
)

// examineAnnounced: the accused announced one manifest to all members and signed another.
func (r Record) examineAnnounced() (Finding, error) {
	a, err := r.announcement(r.Request)
	if err != nil {
		return Finding{}, err
	}
	m, err := r.manifest(r.Response)
	if err != nil {
		return Finding{}, err
	}
	for _, v := range a.Indexes {
		if v.Epoch == m.Manifest.Epoch && v.Type == m.Manifest.Type && forked(v.Version, v.Manifest, m) {
			return Finding{Proved: true, Words: []string{
				fmt.Sprintf("The accused announced version %d of its index of %s in epoch %d as %x,", v.Version, v.Type, v.Epoch, v.Manifest),
				fmt.Sprintf("and signed version %d, %x, after %x.", m.Manifest.Version, m.Hash, m.Manifest.Previous),
				compareNodeKey,
			}}, nil
		}
	}
	return Finding{}, fmt.Errorf("%w: the announcement does not contradict the manifest", ErrNothing)
}

// examineAnnouncements: the accused announced two manifests of one version.
func (r Record) examineAnnouncements() (Finding, error) {
	var both [2]*session.Announcement
	for i, raw := range [][]byte{r.Request, r.Response} {
		a, err := r.announcement(raw)
		if err != nil {
			return Finding{}, err
		}
		both[i] = a
	}
	for _, a := range both[0].Indexes {
		for _, b := range both[1].Indexes {
			if a.Epoch == b.Epoch && a.Type == b.Type && a.Version == b.Version && a.Manifest != b.Manifest {
				return Finding{Proved: true, Words: []string{
					fmt.Sprintf("The accused announced version %d of its index of %s in epoch %d twice:", a.Version, a.Type, a.Epoch),
					fmt.Sprintf("  %x", a.Manifest), fmt.Sprintf("  %x", b.Manifest),
					compareNodeKey,
				}}, nil
			}
		}
	}
	return Finding{}, fmt.Errorf("%w: the two announcements do not contradict one another", ErrNothing)
}

const compareNodeKey = "Compare: the accused's peer ID must be its node key on the ledger (`crosslight member list`)."

// announcement reads an announcement of the accused on the record's ledger.
func (r Record) announcement(raw []byte) (*session.Announcement, error) {
	holder, err := member.ParsePeerID(r.Accused)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNothing, err)
	}
	if len(r.Ledger) != 32 {
		return nil, fmt.Errorf("%w: no ledger", ErrNothing)
	}
	read, err := session.ReadAnnouncement(raw, [32]byte(r.Ledger))
	if err != nil {
		return nil, fmt.Errorf("%w: an announcement: %w", ErrNothing, err)
	}
	a, err := read.Verify(holder)
	if err != nil {
		return nil, fmt.Errorf("%w: an announcement: %w", ErrNothing, err)
	}
	return a, nil
}
