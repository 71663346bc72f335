package api_test

import (
	"context"

	"github.com/crosslight/crosslight/node/hub"
)

var (
	seven   = uint64(7)
	removal = hub.Removal{
		ID: 3, Cause: "withdrawn", At: at, Types: []hub.RemovedType{{Type: "email", Count: 2, Version: &seven}},
		Mirrors: []hub.RemovalMirror{{Member: "B", Status: "acknowledged", At: &at}}, Complete: true,
	}
)

func (f *fake) Mirrors(ctx context.Context, filter hub.MirrorFilter) ([]hub.Mirror, error) {
	return []hub.Mirror{{
		Holder: "B", Type: "email", Epoch: 1, Version: 7, Manifest: "aa", Anchored: &seven,
		Segments: []hub.MirrorSegment{{Kind: "base", Name: "bb", Items: 4}},
	}}, f.record(ctx, "Mirrors", filter)
}

func (f *fake) UpdateMirrors(ctx context.Context, filter hub.MirrorFilter) ([]hub.MirrorOutcome, error) {
	return []hub.MirrorOutcome{{Holder: "B", Status: "up-to-date"}}, f.record(ctx, "UpdateMirrors", filter)
}

func (f *fake) VerifyMirrors(ctx context.Context, filter hub.MirrorFilter) ([]hub.MirrorOutcome, error) {
	return []hub.MirrorOutcome{{Holder: "B", Type: "email", Status: "damaged", Reason: &word}}, f.record(ctx, "VerifyMirrors", filter)
}

func (f *fake) Removals(ctx context.Context, page hub.PageRequest) (hub.RemovalPage, error) {
	return hub.RemovalPage{Removals: []hub.Removal{removal}, Next: "n"}, f.record(ctx, "Removals", page)
}

func (f *fake) Removal(ctx context.Context, id int64) (hub.Removal, error) {
	return removal, f.record(ctx, "Removal", id)
}
