package main

import (
	"context"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// version is set at build time (-ldflags "-X main.version=v1.2.3").
var version = "v0.1.0-dev"

// build says which program this is.
type build struct {
	Version  string  `json:"version"`
	Commit   *string `json:"commit"` // null where the build did not record it
	Modified bool    `json:"modified"`
	Go       string  `json:"go"`
	OS       string  `json:"os"`
	Arch     string  `json:"arch"`
}

func thisBuild() build {
	b := build{Version: version, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = absent(s.Value)
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

func (a *app) versionCommand() *cobra.Command {
	return a.verb(&cobra.Command{
		Use: "version", Short: "Show the version and commit of this program",
		Example: "  crosslight version -o json",
	}, short, func(context.Context, []string) error {
		b := thisBuild()
		return a.print(b, func(t *table) { t.line("crosslight %s (%s) %s %s/%s", b.Version, text(b.Commit), b.Go, b.OS, b.Arch) })
	})
}

func (a *app) completionCommand() *cobra.Command {
	scripts := map[string]func() error{
		"bash":       func() error { return a.root.GenBashCompletionV2(a.out, true) },
		"zsh":        func() error { return a.root.GenZshCompletion(a.out) },
		"fish":       func() error { return a.root.GenFishCompletion(a.out, true) },
		"powershell": func() error { return a.root.GenPowerShellCompletionWithDesc(a.out) },
	}
	return a.verb(&cobra.Command{
		Use: "completion bash|zsh|fish|powershell", Short: "Print a shell's completion script",
		Example:   "  crosslight completion bash > /etc/bash_completion.d/crosslight",
		ValidArgs: []string{"bash", "zsh", "fish", "powershell"},
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
	}, short, func(_ context.Context, args []string) error { return scripts[args[0]]() })
}

func (a *app) manCommand() *cobra.Command {
	return a.verb(&cobra.Command{
		Use: "man DIR", Short: "Write the manual pages into a folder", Hidden: true,
		Example: "  crosslight man /usr/share/man/man1", Args: cobra.ExactArgs(1),
	}, short, func(_ context.Context, args []string) error {
		a.root.DisableAutoGenTag = true
		return doc.GenManTree(a.root, &doc.GenManHeader{Title: "CROSSLIGHT", Section: "1", Source: "Crosslight"}, args[0])
	})
}
