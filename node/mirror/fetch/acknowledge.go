package fetch

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/crosslight/crosslight/node/mirror"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
	"github.com/crosslight/crosslight/protocol/wire"
)

// Acknowledge tells a holder, under this member's node key, which manifests are in use here, unless it has
// been told since the start: what they withdraw is gone from here. It takes one short stream a message.
// Errors are those of the network, of session, and a *session.Refusal.
func (f *Fetcher) Acknowledge(ctx context.Context, holder member.PublicKey, key ed25519.PrivateKey) error {
	manifests, err := f.mirror.Manifests(holder)
	if err != nil {
		return err
	}
	for list := range slices.Chunk(f.untold(holder, manifests), session.MaxVersions) {
		if err := f.say(ctx, holder, key, list); err != nil {
			return err
		}
		f.told(holder, list)
	}
	return nil
}

// untold are the versions that the holder has not been told of, by epoch, then type.
func (f *Fetcher) untold(holder member.PublicKey, manifests []*session.SignedManifest) []session.IndexVersion {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []session.IndexVersion
	for _, m := range manifests {
		if f.said[mirror.Ref{Holder: holder, Epoch: m.Manifest.Epoch, Type: m.Manifest.Type}] != m.Hash {
			out = append(out, session.IndexVersion{
				Epoch: m.Manifest.Epoch, Type: m.Manifest.Type, Version: m.Manifest.Version, Manifest: m.Hash,
			})
		}
	}
	slices.SortFunc(out, func(a, b session.IndexVersion) int {
		return cmp.Or(cmp.Compare(a.Epoch, b.Epoch), strings.Compare(a.Type, b.Type))
	})
	return out
}

func (f *Fetcher) told(holder member.PublicKey, list []session.IndexVersion) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, v := range list {
		f.said[mirror.Ref{Holder: holder, Epoch: v.Epoch, Type: v.Type}] = v.Manifest
	}
}

func (f *Fetcher) say(ctx context.Context, holder member.PublicKey, key ed25519.PrivateKey, list []session.IndexVersion) error {
	msg, err := session.Acknowledgement{Ledger: f.ledger, Holder: holder.PeerID(), Indexes: list}.Sign(key)
	if err != nil {
		return err
	}
	stream, err := f.net.Open(ctx, holder.PeerID(), session.AcknowledgeProtocol)
	if err != nil {
		return err
	}
	defer stream.Close()
	stop := context.AfterFunc(ctx, func() { _ = stream.Reset() })
	defer stop()
	if err := stream.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if err := wire.WriteFrame(stream, msg); err != nil {
		return because(ctx, err)
	}
	reply, err := wire.ReadFrame(stream, session.MaxAckAnswer)
	if err != nil {
		return because(ctx, err)
	}
	answer, err := session.ParseAckAnswer(reply)
	if err != nil {
		return err
	}
	if answer.Code != session.OK {
		return fmt.Errorf("acknowledge: %w", &session.Refusal{Code: answer.Code})
	}
	return nil
}
