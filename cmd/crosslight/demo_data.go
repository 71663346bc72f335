package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"

	"github.com/crosslight/crosslight/examples"
)

// errData reports demo data that cannot be used.
var errData = errors.New("the demo's data cannot be used")

// minMembers is how many members a consortium takes.
const minMembers = 3

// consortium is consortium.yaml of the demo's data.
type consortium struct {
	Members []demoMember `yaml:"members"`
}

// demoMember is an organisation of the demo. Indicators is a file beside consortium.yaml.
type demoMember struct {
	Name         string `yaml:"name"`
	Sector       string `yaml:"sector"`
	Jurisdiction string `yaml:"jurisdiction"`
	Region       string `yaml:"region"`
	Indicators   string `yaml:"indicators"`
}

// demoData returns the folder that was named, or a copy of the shipped example, and what to do with it
// in the end. The copy lies outside the members' homes: it holds raw values.
func demoData(dir string) (string, func() error, error) {
	if dir != "" {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return "", nil, fmt.Errorf("%w: %s is not a folder", errData, dir)
		}
		abs, err := filepath.Abs(dir)
		return abs, func() error { return nil }, err
	}
	dir, err := os.MkdirTemp("", "crosslight-data-")
	if err != nil {
		return "", nil, err
	}
	remove := func() error { return os.RemoveAll(dir) }
	shipped, err := fs.Sub(examples.Files, "three-members")
	if err == nil {
		err = os.CopyFS(dir, shipped)
	}
	if err != nil {
		return "", nil, errors.Join(err, remove())
	}
	return dir, remove, nil
}

// readConsortium reads and checks consortium.yaml. Names, sectors and jurisdictions are for `init` to
// check; what is checked here would fail later or not at all.
func readConsortium(data fs.FS) (consortium, error) {
	var c consortium
	raw, err := fs.ReadFile(data, "consortium.yaml")
	if err != nil {
		return c, fmt.Errorf("%w: %w", errData, err)
	}
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	dec.KnownFields(true)
	if err := dec.Decode(&c); err != nil && !errors.Is(err, io.EOF) {
		return c, fmt.Errorf("%w: consortium.yaml: %w", errData, err)
	}
	if len(c.Members) < minMembers {
		return c, fmt.Errorf("%w: consortium.yaml names %d members; a consortium takes at least %d", errData, len(c.Members), minMembers)
	}
	folders := map[string]string{}
	for _, m := range c.Members {
		name := folderName(m.Name)
		if other, taken := folders[name]; taken || name == "" {
			return c, fmt.Errorf("%w: consortium.yaml: the names %q and %q are too alike", errData, other, m.Name)
		}
		folders[name] = m.Name
		if err := checkFeed(data, m); err != nil {
			return c, err
		}
	}
	return c, nil
}

func checkFeed(data fs.FS, m demoMember) error {
	if !fs.ValidPath(m.Indicators) || m.Indicators == "." {
		return fmt.Errorf("%w: consortium.yaml: %s: indicators must be a file beside consortium.yaml", errData, m.Name)
	}
	info, err := fs.Stat(data, m.Indicators)
	if err != nil {
		return fmt.Errorf("%w: indicators of %s: %w", errData, m.Name, err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%w: indicators of %s: %s is not a file", errData, m.Name, m.Indicators)
	}
	return nil
}
