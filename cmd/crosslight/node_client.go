package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/crosslight/crosslight/node/api/client"
	"github.com/crosslight/crosslight/node/home"
	"github.com/crosslight/crosslight/node/hub"
)

// hub returns the running node of this command's home.
func (a *app) hub() (hub.Hub, error) { return hubOf(a.cfg.Home) }

// hubOf returns the running node of a home: its API's address and token lie in the folder.
func hubOf(dir string) (hub.Hub, error) {
	h, err := home.Open(dir)
	if err != nil {
		return nil, err
	}
	address, err := os.ReadFile(h.Address())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: no node runs on %s: start it with `crosslight node start`", hub.ErrUnavailable, dir)
	}
	if err != nil {
		return nil, err
	}
	token, err := os.ReadFile(h.Token())
	if err != nil {
		return nil, fmt.Errorf("%w: read the node's token: %w", hub.ErrUnavailable, err)
	}
	base := strings.TrimSpace(string(address))
	if !strings.Contains(base, "://") {
		base = "http://" + base
	}
	return client.New(base, strings.TrimSpace(string(token))), nil
}
