package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/crosslight/crosslight/node"
	"github.com/crosslight/crosslight/node/home"
	"github.com/crosslight/crosslight/node/hub"
)

// maxFile bounds the files of the ceremony, in bytes.
const maxFile = 4 << 20

func (a *app) genesisCommand() *cobra.Command {
	return noun(&cobra.Command{
		Use: "genesis", Short: "Found a consortium: each founder on its own machine, files passed by hand",
		Example: "  crosslight genesis create --member a.card --member b.card --member c.card --out genesis\n" +
			"  crosslight genesis sign genesis --out genesis.a\n  crosslight genesis join genesis.a genesis.b genesis.c",
	}, a.genesisCreate(), a.genesisSign(), a.genesisShow(), a.genesisJoin())
}

func (a *app) genesisCreate() *cobra.Command {
	var cards []string
	var out, rules string
	c := a.verb(&cobra.Command{
		Use: "create", Short: "Draft a consortium from its founders' member cards",
		Long: "Draft a consortium from its founders' member cards. The founders' nodes are the ledger's first voters, so no\n" +
			"sector may have more than half of them: three founders are of three sectors, four of two at least.",
		Example: "  crosslight genesis create --member a.card --member b.card --member c.card --out genesis",
	}, short, func(context.Context, []string) error { return a.draft(cards, rules, out) })
	c.Flags().StringSliceVar(&cards, "member", nil, "a founder's member card (give each)")
	c.Flags().StringVar(&out, "out", "", "file to write the draft to")
	c.Flags().StringVar(&rules, "policy", "", "policy.yaml to start with (default: everyone may ask everyone, case required)")
	require(c, "member", "out")
	return c
}

func (a *app) draft(cards []string, rules, out string) error {
	raw, err := readFiles(cards)
	if err != nil {
		return err
	}
	var policy *hub.Policy
	if rules != "" {
		if policy, err = readPolicy(rules); err != nil {
			return err
		}
	}
	draft, err := node.GenesisCreate(raw, policy, time.Now())
	if err != nil {
		return err
	}
	if err := writeNew(out, draft); err != nil {
		return err
	}
	return a.printGenesis(draft, "Every founder now runs `crosslight genesis show` and compares the draft hash over another channel, then `crosslight genesis sign`.")
}

func (a *app) genesisSign() *cobra.Command {
	var out string
	var yes bool
	c := a.verb(&cobra.Command{
		Use: "sign FILE", Short: "Add this founder's signature to the draft", Args: cobra.ExactArgs(1),
		Example: "  crosslight genesis sign genesis --out genesis.bank",
	}, endless, func(_ context.Context, args []string) error {
		if out == "" {
			out = args[0]
		}
		return a.signGenesis(args[0], out, yes)
	})
	c.Flags().StringVar(&out, "out", "", "file to write to (default: FILE itself)")
	yesFlag(c, &yes)
	passphraseFlag(c)
	return c
}

func (a *app) signGenesis(file, out string, yes bool) error {
	draft, err := readFile(file)
	if err != nil {
		return err
	}
	info, err := node.GenesisShow(draft)
	if err != nil {
		return err
	}
	if err := a.confirm(yes, fmt.Sprintf("Sign the draft %s of %d founders?", info.Draft, len(info.Founders))); err != nil {
		return err
	}
	pass, err := a.passphrase(false)
	if err != nil {
		return err
	}
	signed, err := node.GenesisSign(a.cfg.Home, pass, draft)
	if err != nil {
		return err
	}
	if err := home.WriteFile(out, signed, 0o644); err != nil {
		return err
	}
	return a.printGenesis(signed, "Pass "+out+" to the other founders; with all files, each runs `crosslight genesis join`.")
}

func (a *app) genesisShow() *cobra.Command {
	return a.verb(&cobra.Command{
		Use: "show FILE", Short: "Show a genesis file: founders, policy, who has signed", Args: cobra.ExactArgs(1),
		Example: "  crosslight genesis show genesis -o json",
	}, short, func(_ context.Context, args []string) error {
		file, err := readFile(args[0])
		if err != nil {
			return err
		}
		return a.printGenesis(file, "")
	})
}

func (a *app) genesisJoin() *cobra.Command {
	var yes bool
	c := a.verb(&cobra.Command{
		Use: "join FILE...", Short: "Bind this home to the consortium that all founders signed", Args: cobra.MinimumNArgs(1),
		Example: "  crosslight genesis join genesis.platform genesis.bank genesis.police",
	}, short, func(_ context.Context, args []string) error {
		files, err := readFiles(args)
		if err != nil {
			return err
		}
		if err := a.confirm(yes, "Bind "+a.cfg.Home+" to this consortium for good?"); err != nil {
			return err
		}
		info, err := node.GenesisJoin(a.cfg.Home, files)
		if err != nil {
			return err
		}
		return a.printInfo(info, "Founded. Now run `crosslight node start`.")
	})
	yesFlag(c, &yes)
	return c
}

func (a *app) printGenesis(file []byte, next string) error {
	info, err := node.GenesisShow(file)
	if err != nil {
		return err
	}
	return a.printInfo(info, next)
}

func (a *app) printInfo(info node.GenesisInfo, next string) error {
	err := a.print(info, func(t *table) {
		t.line("draft      %s", info.Draft)
		t.line("ledger id  %s", text(info.LedgerID))
		t.line("created    %s", info.CreatedAt.Format(time.RFC3339))
		rows := [][]any{}
		for _, f := range info.Founders {
			rows = append(rows, []any{f.Name, f.Sector, f.Jurisdiction, f.PeerID, f.Signed})
		}
		t.line("")
		t.rows([]string{"founder", "sector", "jurisdiction", "peer id", "signed"}, rows)
		t.line("")
		policyTable(t, info.Policy)
	})
	if err == nil {
		a.say("Founders are the first voters: %d of %d make an entry final, and no sector has more than half of them.", info.Quorum, len(info.Founders))
	}
	if err == nil && info.Trial {
		a.say("Trial grade: with fewer than four voters no cheat among the founders is tolerated.")
	}
	if err == nil && next != "" {
		a.say("%s", next)
	}
	return err
}

func readFiles(paths []string) ([][]byte, error) {
	var files [][]byte
	for _, path := range paths {
		b, err := readFile(path)
		if err != nil {
			return nil, err
		}
		files = append(files, b)
	}
	return files, nil
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(b) > maxFile {
		err = fmt.Errorf("%s is longer than any file of a ceremony", path)
	}
	return b, err
}

// writeNew writes a file that must not be there yet.
func writeNew(path string, b []byte) error {
	if exists(path) {
		return fmt.Errorf("%s exists: choose another --out", path)
	}
	return home.WriteFile(path, b, 0o644)
}

// readPolicy reads a policy file strictly: a mistyped key must not become a missing rule.
func readPolicy(path string) (*hub.Policy, error) {
	b, err := readFile(path)
	if err != nil {
		return nil, err
	}
	var p hub.Policy
	dec := yaml.NewDecoder(bytes.NewReader(b))
	dec.KnownFields(true)
	if err := dec.Decode(&p); err != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New("the file is empty")
		}
		return nil, fmt.Errorf("%s is no policy: %w", path, err)
	}
	return &p, nil
}
