package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/spf13/viper"
	"go.yaml.in/yaml/v3"

	"github.com/crosslight/crosslight/ledger/witness"
	"github.com/crosslight/crosslight/node"
	"github.com/crosslight/crosslight/node/alert"
	"github.com/crosslight/crosslight/node/home"
	"github.com/crosslight/crosslight/node/mirror"
)

// config is the settings in force: flag, else CROSSLIGHT_* variable, else file, else default.
type config struct {
	Home           string
	Output         string
	Timeout        time.Duration
	Region         string
	Purpose        string
	PassphraseFile string
	APIListen      string
	P2PListen      []string
	P2PAnnounce    []string      // empty where the card says it
	MaxAge         time.Duration // of the newest final checkpoint
	AuditAnswer    string        // ask or automatic
	Witnesses      []string      // URL#KEY
	Consent        string        // to offers to reconcile: manual or automatic
	LogLevel       slog.Level
	RetentionDays  int64
	Mirror         mirrorLimits
	Alerts         alert.Limits
	Webhooks       []fileWebhook
}

// fileConfig is the shape of crosslight.yaml. A key that is not here is refused. Pointers tell what
// the file says from what it leaves out.
type fileConfig struct {
	Output         *string        `yaml:"output,omitempty"`
	Timeout        *time.Duration `yaml:"timeout,omitempty"`
	Region         *string        `yaml:"region,omitempty"`
	Purpose        *string        `yaml:"purpose,omitempty"`
	PassphraseFile *string        `yaml:"passphrase_file,omitempty"`
	API            *struct {
		Listen *string `yaml:"listen,omitempty"`
	} `yaml:"api,omitempty"`
	P2P *struct {
		Listen   []string `yaml:"listen,omitempty"`
		Announce []string `yaml:"announce,omitempty"`
	} `yaml:"p2p,omitempty"`
	Ledger *struct {
		MaxAge    *time.Duration `yaml:"max_age,omitempty"`
		Witnesses []string       `yaml:"witnesses,omitempty"`
	} `yaml:"ledger,omitempty"`
	Audit *struct {
		Answer *string `yaml:"answer,omitempty"`
	} `yaml:"audit,omitempty"`
	Reconcile *struct {
		Consent *string `yaml:"consent,omitempty"`
	} `yaml:"reconcile,omitempty"`
	Log *struct {
		Level *string `yaml:"level,omitempty"`
	} `yaml:"log,omitempty"`
	Retention *int64        `yaml:"retention_days,omitempty"`
	Mirror    *fileMirror   `yaml:"mirror,omitempty"`
	Alerts    *fileAlerts   `yaml:"alerts,omitempty"`
	Webhooks  []fileWebhook `yaml:"webhooks,omitempty"`
}

// Defaults of the settings that have one.
const (
	defaultAPIListen = "127.0.0.1:7480"
	defaultP2PListen = "/ip4/0.0.0.0/tcp/7481"
)

// How audits of this member's questions are answered: by a person, or by the node.
const (
	answerAsk       = "ask"
	answerAutomatic = "automatic"
)

// errConfig reports settings that cannot be used. The text names file, key and what to write instead.
var errConfig = errors.New("configuration is not valid")

const configKey = "crosslight/config-key"

func newViper() *viper.Viper {
	v := viper.New()
	v.SetEnvPrefix("CROSSLIGHT")
	v.SetEnvKeyReplacer(strings.NewReplacer(".", "_"))
	v.AutomaticEnv()
	v.SetDefault("output", "table")
	v.SetDefault("timeout", time.Duration(0))
	v.SetDefault("region", "")
	v.SetDefault("purpose", "")
	v.SetDefault("passphrase_file", "")
	v.SetDefault("api.listen", defaultAPIListen)
	v.SetDefault("p2p.listen", []string{defaultP2PListen})
	v.SetDefault("p2p.announce", []string{})
	v.SetDefault("ledger.max_age", time.Hour)
	v.SetDefault("audit.answer", answerAsk)
	v.SetDefault("ledger.witnesses", []string{})
	v.SetDefault("reconcile.consent", "manual")
	v.SetDefault("log.level", "info")
	v.SetDefault("retention_days", int64(node.DefaultRetention/(24*time.Hour)))
	v.SetDefault("mirror.max_holder_mib", mirror.DefaultMaxHolder>>20)
	v.SetDefault("mirror.reserve_mib", mirror.DefaultReserve>>20)
	v.SetDefault("alerts.flood_factor", alert.DefaultFloodFactor)
	v.SetDefault("alerts.flood_floor", alert.DefaultFloodFloor)
	v.SetDefault("alerts.per_value", alert.DefaultPerValue)
	v.SetDefault("webhooks", []any{})
	return v
}

// setting ties a flag to a configuration key.
func setting(f *pflag.Flag, key string) {
	f.Annotations = map[string][]string{configKey: {key}}
}

// load reads the settings for one command.
func (a *app) load(cmd *cobra.Command) error {
	var bind error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if key := f.Annotations[configKey]; len(key) == 1 {
			bind = errors.Join(bind, a.v.BindPFlag(key[0], f))
		}
	})
	if bind != nil {
		return bind
	}
	dir, err := a.homeDir()
	if err != nil {
		return err
	}
	if err := a.readFile(home.Home(dir).Config()); err != nil {
		return err
	}
	a.cfg, err = a.settings(dir)
	return err
}

func (a *app) homeDir() (string, error) {
	if dir := a.v.GetString("home"); dir != "" {
		return filepath.Abs(dir)
	}
	user, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("%w: name the node's folder with --home", errConfig)
	}
	return filepath.Join(user, ".crosslight"), nil
}

// readFile merges the file at path, which may be missing, below flags and environment.
func (a *app) readFile(path string) error {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the configuration: %w", err)
	}
	if err := checkFile(raw); err != nil {
		return fmt.Errorf("%w: %s: %w", errConfig, path, err)
	}
	a.v.SetConfigType("yaml")
	return a.v.ReadConfig(bytes.NewReader(raw))
}

// checkFile refuses unknown and repeated keys and values of the wrong type.
func checkFile(raw []byte) error {
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	dec.KnownFields(true)
	var c fileConfig
	if err := dec.Decode(&c); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if err := dec.Decode(new(any)); !errors.Is(err, io.EOF) {
		return errors.New("more than one YAML document")
	}
	return nil
}

func (a *app) settings(dir string) (config, error) {
	c := config{
		Home:           dir,
		Output:         a.v.GetString("output"),
		Timeout:        a.v.GetDuration("timeout"),
		Region:         strings.ToUpper(a.v.GetString("region")),
		Purpose:        a.v.GetString("purpose"),
		PassphraseFile: a.v.GetString("passphrase_file"),
		APIListen:      a.v.GetString("api.listen"),
		P2PListen:      list(a.v.Get("p2p.listen")),
		P2PAnnounce:    list(a.v.Get("p2p.announce")),
		MaxAge:         a.v.GetDuration("ledger.max_age"),
		AuditAnswer:    a.v.GetString("audit.answer"),
		Witnesses:      list(a.v.Get("ledger.witnesses")),
		Consent:        a.v.GetString("reconcile.consent"),
		RetentionDays:  a.v.GetInt64("retention_days"),
		Mirror:         mirrorLimits{a.v.GetInt64("mirror.max_holder_mib"), a.v.GetInt64("mirror.reserve_mib")},
		Alerts: alert.Limits{
			FloodFactor: a.v.GetInt64("alerts.flood_factor"), FloodFloor: a.v.GetInt64("alerts.flood_floor"),
			PerValue: a.v.GetInt64("alerts.per_value"),
		},
		Webhooks: webhooksOf(a.v.Get("webhooks")),
	}
	if err := c.LogLevel.UnmarshalText([]byte(a.v.GetString("log.level"))); err != nil {
		return c, fmt.Errorf("%w: log.level: debug, info, warn or error", errConfig)
	}
	if _, err := time.ParseDuration(a.v.GetString("timeout")); err != nil {
		return c, fmt.Errorf("%w: timeout: a duration such as 30s", errConfig)
	}
	return c, c.check()
}

// list reads a setting that is a list in the file and comma-separated in the environment.
func list(v any) []string {
	if s, ok := v.(string); ok {
		return strings.Split(s, ",")
	}
	out := []string{}
	switch items := v.(type) {
	case []string:
		out = append(out, items...)
	case []any:
		for _, item := range items {
			out = append(out, fmt.Sprint(item))
		}
	}
	return out
}

func (c config) check() error {
	switch c.Output {
	case "table", "json", "yaml":
	default:
		return usage(fmt.Errorf("output %q: table, json or yaml", c.Output))
	}
	if c.Consent != "manual" && c.Consent != "automatic" {
		return fmt.Errorf("%w: reconcile.consent: manual or automatic", errConfig)
	}
	if c.Timeout < 0 {
		return usageText("--timeout must not be negative")
	}
	if c.MaxAge < time.Minute {
		return fmt.Errorf("%w: ledger.max_age: a duration of at least a minute, such as 1h", errConfig)
	}
	if c.Alerts.FloodFactor < 1 || c.Alerts.FloodFloor < 1 || c.Alerts.PerValue < 1 {
		return fmt.Errorf("%w: alerts: flood_factor, flood_floor and per_value are whole numbers from 1 on", errConfig)
	}
	if c.RetentionDays < 30 || c.RetentionDays > 36500 {
		return fmt.Errorf("%w: retention_days: from 30 to 36500", errConfig)
	}
	if err := c.Mirror.check(); err != nil {
		return err
	}
	if c.AuditAnswer != answerAsk && c.AuditAnswer != answerAutomatic {
		return fmt.Errorf("%w: audit.answer: ask, or automatic", errConfig)
	}
	for _, address := range c.Witnesses {
		if _, err := witness.ParseClient(address, nil); err != nil {
			return fmt.Errorf("%w: ledger.witnesses: URL#KEY of each, KEY as `crosslight witness init` prints it: %w", errConfig, err)
		}
	}
	if c.Region != "" && (len(c.Region) != 2 || strings.Trim(c.Region, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "") {
		return fmt.Errorf("%w: region: two letters of ISO 3166-1, such as GB", errConfig)
	}
	if _, _, err := net.SplitHostPort(c.APIListen); err != nil {
		return fmt.Errorf("%w: api.listen: an address and a port, such as %s", errConfig, defaultAPIListen)
	}
	for _, addr := range append(append([]string{}, c.P2PListen...), c.P2PAnnounce...) {
		if !strings.HasPrefix(addr, "/") {
			return fmt.Errorf("%w: p2p.listen and p2p.announce: multiaddrs such as %s", errConfig, defaultP2PListen)
		}
	}
	return nil
}
