package main

import (
	"fmt"

	"github.com/crosslight/crosslight/node/mirror"
)

// fileMirror is what bounds mirrors in crosslight.yaml.
type fileMirror struct {
	MaxHolder *int64 `yaml:"max_holder_mib,omitempty"`
	Reserve   *int64 `yaml:"reserve_mib,omitempty"`
}

// mirrorLimits are the settings in force, in MiB.
type mirrorLimits struct {
	MaxHolder int64 // bytes on disk of one holder's indexes
	Reserve   int64 // that downloads and builds leave free
}

// maxMiB keeps a limit in bytes far from overflowing.
const maxMiB = 1 << 40

func (l mirrorLimits) check() error {
	if l.MaxHolder < 1 || l.Reserve < 1 || l.MaxHolder > maxMiB || l.Reserve > maxMiB {
		return fmt.Errorf("%w: mirror: max_holder_mib and reserve_mib are whole numbers from 1 on", errConfig)
	}
	return nil
}

// options are the limits in bytes. One index is never larger than all of a holder may be.
func (l mirrorLimits) options() mirror.Options {
	limit := uint64(l.MaxHolder) << 20
	return mirror.Options{MaxIndex: min(limit, mirror.DefaultMaxIndex), MaxHolder: limit, Reserve: uint64(l.Reserve) << 20}
}
