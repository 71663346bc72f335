package main

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/crosslight/crosslight/node"
	"github.com/crosslight/crosslight/node/home"
)

// initFlags are what `init` is told about the organisation.
type initFlags struct {
	name, sector, jurisdiction string
	workFactor                 int
}

// initReport is what `init` made.
type initReport struct {
	Home   string `json:"home"`
	Card   string `json:"card"`
	Name   string `json:"name"`
	Sector string `json:"sector"`
	PeerID string `json:"peer_id"`
}

func (a *app) initCommand() *cobra.Command {
	var o initFlags
	c := a.verb(&cobra.Command{
		Use:   "init",
		Short: "Make a node's folder with fresh keys and the member card",
		Long: "Makes HOME with fresh keys, encrypted under a passphrase, and HOME/member.card, the public\n" +
			"file to hand to whoever drafts the genesis or proposes the admission. Prints its path.",
		Example: "  crosslight init --name 'Example Bank' --sector finance --jurisdiction GB --region GB \\\n" +
			"    --listen /ip4/0.0.0.0/tcp/7481 --announce /dns4/node.bank.example/tcp/7481",
	}, endless, func(context.Context, []string) error { return a.init(o) })
	f := c.Flags()
	f.StringVar(&o.name, "name", "", "the organisation's name on the ledger")
	f.StringVar(&o.sector, "sector", "", "tech, finance, law-enforcement, hotline, ngo or regulator")
	f.StringVar(&o.jurisdiction, "jurisdiction", "", "ISO 3166-1 alpha-2, or INT")
	f.String("region", "", "default region of national phone numbers, ISO 3166-1 alpha-2")
	f.StringSlice("listen", nil, "multiaddrs to listen on (default "+defaultP2PListen+")")
	f.StringSlice("announce", nil, "multiaddrs that others can dial (default: those of --listen)")
	setting(f.Lookup("announce"), "p2p.announce")
	f.IntVar(&o.workFactor, "key-work-factor", 0, "log2 of scrypt's N for the key files; lower it only under a random passphrase")
	setting(f.Lookup("region"), "region")
	setting(f.Lookup("listen"), "p2p.listen")
	passphraseFlag(c)
	require(c, "name", "sector", "jurisdiction")
	return c
}

func require(c *cobra.Command, flags ...string) {
	for _, name := range flags {
		if err := c.MarkFlagRequired(name); err != nil {
			panic(err) // a flag that the line above did not define is our own bug
		}
	}
}

func (a *app) init(o initFlags) error {
	announce := a.cfg.P2PAnnounce
	if len(announce) == 0 {
		announce = dialable(a.cfg.P2PListen)
	}
	for _, addr := range announce {
		if strings.HasSuffix(addr, "/tcp/0") {
			return usageText("others cannot dial port 0: name the node's address with --announce")
		}
	}
	pass, err := a.passphrase(true)
	if err != nil {
		return err
	}
	card, err := node.Init(node.InitConfig{
		Home: a.cfg.Home, Name: o.name, Sector: o.sector, Jurisdiction: o.jurisdiction,
		Listen: announce, Passphrase: pass, WorkFactor: o.workFactor,
	})
	if err != nil {
		return err
	}
	h := home.Home(a.cfg.Home)
	if err := a.writeConfig(h); err != nil {
		return err
	}
	r := initReport{a.cfg.Home, h.Card(), o.name, o.sector, card.Card.Keys.Node.PeerID()}
	if err := a.print(r, func(t *table) { t.line("%s", r.Card) }); err != nil {
		return err
	}
	a.say("Hand %s to whoever drafts the genesis (`crosslight genesis create`) or proposes your admission.", filepath.Base(r.Card))
	return nil
}

// writeConfig keeps what `init` was told for the commands that follow.
func (a *app) writeConfig(h home.Home) error {
	p2p := map[string]any{"listen": a.cfg.P2PListen}
	if len(a.cfg.P2PAnnounce) > 0 {
		p2p["announce"] = a.cfg.P2PAnnounce
	}
	c := map[string]any{"p2p": p2p}
	if a.cfg.Region != "" {
		c["region"] = a.cfg.Region
	}
	if a.cfg.PassphraseFile != "" {
		path, err := filepath.Abs(a.cfg.PassphraseFile)
		if err != nil {
			return err
		}
		c["passphrase_file"] = path
	}
	var b bytes.Buffer
	b.WriteString("# Settings of this node: crosslight config show, crosslight config validate\n")
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(c); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	return home.WriteFile(h.Config(), b.Bytes(), 0o600)
}
