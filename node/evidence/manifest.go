package evidence

import (
	"fmt"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
)

// examineManifests: one holder signed two manifests of which at most one can be in its chain.
func (r Record) examineManifests() (Finding, error) {
	var both [2]*session.SignedManifest
	for i, raw := range [][]byte{r.Request, r.Response} {
		m, err := r.manifest(raw)
		if err != nil {
			return Finding{}, err
		}
		both[i] = m
	}
	a, b := both[0], both[1]
	if !sameIndex(&a.Manifest, &b.Manifest) || !forked(a.Manifest.Version, a.Hash, b) && !forked(b.Manifest.Version, b.Hash, a) {
		return Finding{}, fmt.Errorf("%w: the two manifests do not contradict one another", ErrNothing)
	}
	return Finding{Proved: true, Words: []string{
		fmt.Sprintf("The accused signed two manifests of its index of %s in epoch %d:", a.Manifest.Type, a.Manifest.Epoch),
		fmt.Sprintf("  version %d, %x, after %x", a.Manifest.Version, a.Hash, a.Manifest.Previous),
		fmt.Sprintf("  version %d, %x, after %x", b.Manifest.Version, b.Hash, b.Manifest.Previous),
		compareNodeKey,
	}}, nil
}

// examineAnchor: the accused put one manifest on the ledger and served another.
func (r Record) examineAnchor() (Finding, error) {
	m, err := r.manifest(r.Response)
	if err != nil {
		return Finding{}, err
	}
	if len(r.Key) != len(member.PublicKey{}) {
		return Finding{}, fmt.Errorf("%w: no key", ErrNothing)
	}
	signed, err := entry.Parse(r.Request)
	if err == nil {
		_, err = signed.Verify(member.PublicKey(r.Key))
	}
	if err != nil {
		return Finding{}, fmt.Errorf("%w: the ledger's entry: %w", ErrNothing, err)
	}
	body, ok := signed.Body().(entry.ManifestAnchor)
	if !ok || signed.Envelope().LedgerID != m.Manifest.Ledger {
		return Finding{}, fmt.Errorf("%w: the entry anchors no manifest of this ledger", ErrNothing)
	}
	for _, a := range body.Anchors {
		if a.Epoch == m.Manifest.Epoch && a.Type == m.Manifest.Type && forked(a.Version, a.Manifest, m) {
			return Finding{Proved: true, Words: []string{
				fmt.Sprintf("The key %s anchored version %d of an index of %s in epoch %d as %x,", signed.Envelope().SignerKey, a.Version, a.Type, a.Epoch, a.Manifest),
				fmt.Sprintf("and the accused signed version %d, %x, after %x.", m.Manifest.Version, m.Hash, m.Manifest.Previous),
				fmt.Sprintf("Compare: the entry %s must stand on the ledger, under the accused's operator key (`crosslight ledger show`).", signed.Hash()),
			}}, nil
		}
	}
	return Finding{}, fmt.Errorf("%w: the entry does not contradict the manifest", ErrNothing)
}

// manifest reads a manifest of the accused on the record's ledger.
func (r Record) manifest(raw []byte) (*session.SignedManifest, error) {
	holder, err := member.ParsePeerID(r.Accused)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNothing, err)
	}
	m, err := session.ParseManifest(raw, holder)
	if err != nil {
		return nil, fmt.Errorf("%w: a manifest: %w", ErrNothing, err)
	}
	if string(r.Ledger) != string(m.Manifest.Ledger[:]) {
		return nil, fmt.Errorf("%w: a manifest of another ledger", ErrNothing)
	}
	return m, nil
}

func sameIndex(a, b *session.Manifest) bool {
	return a.Ledger == b.Ledger && a.Holder == b.Holder && a.Epoch == b.Epoch && a.Type == b.Type
}

// forked says whether m cannot be in one chain with another manifest of its index.
func forked(version uint64, hash [32]byte, m *session.SignedManifest) bool {
	return m.Manifest.Version == version && m.Hash != hash || m.Manifest.Version == version+1 && m.Manifest.Previous != hash
}
