package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/crosslight/crosslight/node/alert"
	"github.com/crosslight/crosslight/node/home"
)

// shownConfig is the settings in force, without secrets.
type shownConfig struct {
	Home           string   `json:"home"`
	File           *string  `json:"file"` // null where there is none
	Output         string   `json:"output"`
	Timeout        string   `json:"timeout"`
	Region         *string  `json:"region"`
	Purpose        *string  `json:"purpose"`
	PassphraseFile *string  `json:"passphrase_file"`
	Passphrase     *string  `json:"passphrase"` // "[redacted]" where the environment holds one
	APIListen      string   `json:"api_listen"`
	P2PListen      []string `json:"p2p_listen"`
	P2PAnnounce    []string `json:"p2p_announce"`
	LedgerMaxAge   string   `json:"ledger_max_age"`
	AuditAnswer    string   `json:"audit_answer"`
	Witnesses      []string `json:"ledger_witnesses"`
	Consent        string   `json:"reconcile_consent"`
	LogLevel       string   `json:"log_level"`
	RetentionDays  int64    `json:"retention_days"`
	MaxHolder      int64    `json:"mirror_max_holder_mib"`
	Reserve        int64    `json:"mirror_reserve_mib"`
	FloodFactor    int64    `json:"alerts_flood_factor"`
	FloodFloor     int64    `json:"alerts_flood_floor"`
	PerValue       int64    `json:"alerts_per_value"`
	Webhooks       []string `json:"webhooks"` // hosts; a path may hold a token
}

func (a *app) configCommand() *cobra.Command {
	show := a.verb(&cobra.Command{
		Use: "show", Short: "Show the settings in force, without secrets",
		Example: "  crosslight config show -o yaml",
	}, short, a.configShow)
	validate := a.verb(&cobra.Command{
		Use: "validate [FILE]", Short: "Check a configuration file (default HOME/crosslight.yaml)",
		Example: "  crosslight config validate ./crosslight.yaml", Args: cobra.MaximumNArgs(1),
	}, short, a.configValidate)
	return noun(&cobra.Command{
		Use: "config", Short: "Show and check settings", Example: "  crosslight config validate",
	}, show, validate)
}

func (a *app) configShow(context.Context, []string) error {
	c := shownConfig{
		Home: a.cfg.Home, Output: a.cfg.Output, Timeout: a.cfg.Timeout.String(), Region: absent(a.cfg.Region),
		Purpose: absent(a.cfg.Purpose), PassphraseFile: absent(a.cfg.PassphraseFile),
		APIListen: a.cfg.APIListen, P2PListen: a.cfg.P2PListen, P2PAnnounce: a.cfg.P2PAnnounce,
		LedgerMaxAge: a.cfg.MaxAge.String(), Witnesses: a.cfg.Witnesses, AuditAnswer: a.cfg.AuditAnswer, Consent: a.cfg.Consent,
		LogLevel:      strings.ToLower(a.cfg.LogLevel.String()),
		RetentionDays: a.cfg.RetentionDays, MaxHolder: a.cfg.Mirror.MaxHolder, Reserve: a.cfg.Mirror.Reserve,
		FloodFactor: a.cfg.Alerts.FloodFactor, FloodFloor: a.cfg.Alerts.FloodFloor, PerValue: a.cfg.Alerts.PerValue,
		Webhooks: []string{},
	}
	for _, w := range a.cfg.Webhooks {
		c.Webhooks = append(c.Webhooks, alert.Receiver{URL: w.URL}.Host())
	}
	if file := home.Home(a.cfg.Home).Config(); exists(file) {
		c.File = &file
	}
	if os.Getenv(envPassphrase) != "" {
		c.Passphrase = absent("[redacted]")
	}
	return a.print(c, func(t *table) { t.fields(c) })
}

func (a *app) configValidate(_ context.Context, args []string) error {
	file := home.Home(a.cfg.Home).Config() // load has checked it already
	if len(args) == 1 {
		other := newApp(a.in, a.out, a.err)
		file = args[0]
		if !exists(file) {
			return fmt.Errorf("%w: %s does not exist", errConfig, file)
		}
		if err := other.readFile(file); err != nil {
			return err
		}
		if _, err := other.settings(a.cfg.Home); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	} else if !exists(file) {
		return fmt.Errorf("%w: %s does not exist; `crosslight init` makes it", errConfig, file)
	}
	out := struct {
		File  string `json:"file"`
		Valid bool   `json:"valid"`
	}{file, true}
	return a.print(out, func(t *table) { t.line("%s is valid", file) })
}

// absent is null for the empty string.
func absent(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
