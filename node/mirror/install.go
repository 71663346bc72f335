package mirror

import (
	"maps"
	"path/filepath"
	"strings"

	"github.com/crosslight/crosslight/protocol/session"
)

// install puts a manifest in the place of the one in use and removes what it does not list. A crash
// before leaves the old index, a crash after leaves files that the next call removes.
func (m *Mirror) install(p *Pull) error {
	ref, dir := p.ref, p.dir
	defer m.known.drop(func(r Ref) bool { return r == ref }) // whatever a fault left there
	if err := m.files.SyncDir(dir); err != nil {             // the segments' names first
		return disk(err)
	}
	if err := writeWhole(m.files, filepath.Join(dir, manifestName), p.signed.Raw); err != nil {
		return disk(err)
	}
	if err := m.files.SyncDir(dir); err != nil {
		return disk(err)
	}
	m.known.drop(func(r Ref) bool { return r == ref })
	m.mu.Lock()
	err := m.forget(func(r Ref) bool { return r == ref })
	m.mu.Unlock()
	m.sweep(dir, p.listed(p.signed, p.labels)) // after forget: whoever was mapping the old index has done so
	return err
}

// listed are the files of a manifest's segments.
func (p *Pull) listed(signed *session.SignedManifest, labels bool) map[string]bool {
	keep := map[string]bool{manifestName: true, erasingName: true}
	for _, s := range signed.Manifest.Segments {
		keep[filepath.Base(segmentPath(p.dir, s.Name, session.TagsFile))] = true
		if labels {
			path := filepath.Base(segmentPath(p.dir, s.Name, session.LabelsFile))
			keep[path], keep[path+sumsSuffix] = true, true
		}
	}
	return keep
}

// tidy removes what neither the manifest in use nor the one to come lists: downloads of manifests that
// were superseded before they were here, builds that were never published, labels that this member
// may no longer have. old is nil where the manifest in use cannot be read; then its segments, which
// are not known, stay until install.
func (p *Pull) tidy(old *session.SignedManifest, none bool) error {
	if !p.labels {
		if err := p.mirror.dropLabels(p.ref, p.dir); err != nil {
			return err
		}
	}
	keep := map[string]bool{}
	for name := range p.listed(p.signed, p.labels) {
		keep[name], keep[name+partSuffix] = true, true
	}
	if old != nil {
		maps.Copy(keep, p.listed(old, true))
	}
	if old == nil && !none {
		names, _ := p.mirror.names(p.dir)
		for _, name := range names {
			keep[name] = keep[name] || !strings.HasSuffix(name, partSuffix)
		}
	}
	p.mirror.sweep(p.dir, keep)
	return nil
}

// sweep removes all files but those to keep. Mapped ones live on until they are unmapped; what cannot
// be removed now is tried again when the next download begins.
func (m *Mirror) sweep(dir string, keep map[string]bool) {
	names, _ := m.names(dir)
	for _, name := range names {
		if !keep[name] && !m.guarded(dir, name) {
			_ = m.files.RemoveAll(filepath.Join(dir, name))
		}
	}
}
