package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// every calls f for each command.
func every(c *cobra.Command, f func(*cobra.Command)) {
	f(c)
	for _, child := range c.Commands() {
		every(child, f)
	}
}

// TestEveryCommandHasAnExample holds every command and flag to its help.
func TestEveryCommandHasAnExample(t *testing.T) {
	count := 0
	every(newApp(nil, nil, nil).root, func(c *cobra.Command) {
		count++
		if c.Example == "" || c.Short == "" {
			t.Errorf("%s: no example or no summary", c.CommandPath())
		}
		for line := range strings.Lines(c.Example) {
			if !strings.HasPrefix(line, "  ") {
				t.Errorf("%s: example line %q is not indented", c.CommandPath(), line)
			}
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if strings.Contains(f.Usage, "`") { // pflag would take what is quoted for the name of the value
				t.Errorf("%s: the usage of --%s has a backquote", c.CommandPath(), f.Name)
			}
		})
	})
	if count < 50 {
		t.Errorf("only %d commands were seen", count)
	}
}

// TestExamplesParse runs the flags of every example through its command: a renamed flag must not
// survive in the help.
func TestExamplesParse(t *testing.T) {
	every(newApp(nil, nil, nil).root, func(c *cobra.Command) {
		joined := strings.ReplaceAll(c.Example, "\\\n", " ")
		for line := range strings.Lines(joined) {
			_, command, ok := strings.Cut(strings.TrimSpace(line), "crosslight ")
			if !ok {
				continue
			}
			command, _, _ = strings.Cut(command, " > ")
			args := words(command)
			root := newApp(nil, nil, nil).root
			found, rest, err := root.Find(args)
			if err != nil || !found.Runnable() {
				t.Errorf("%s: example %q: %v", c.CommandPath(), line, err)
				continue
			}
			if err := found.ParseFlags(rest); err != nil {
				t.Errorf("%s: example %q: %v", c.CommandPath(), line, err)
				continue
			}
			if err := found.ValidateArgs(found.Flags().Args()); err != nil {
				t.Errorf("%s: example %q: %v", c.CommandPath(), line, err)
			}
			if err := found.ValidateRequiredFlags(); err != nil {
				t.Errorf("%s: example %q: %v", c.CommandPath(), line, err)
			}
		}
	})
}

// words splits a command line as a shell does, single quotes only.
func words(line string) []string {
	var out []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			out = append(out, part)
			continue
		}
		out = append(out, strings.Fields(part)...)
	}
	return out
}

// TestExampleConfig parses the configuration file that is shipped.
func TestExampleConfig(t *testing.T) {
	const file = "../../examples/crosslight.yaml"
	a := newApp(nil, nil, nil)
	if err := a.readFile(file); err != nil {
		t.Fatal(err)
	}
	c, err := a.settings(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if c.Region != "GB" || c.APIListen != defaultAPIListen || len(c.P2PAnnounce) != 1 {
		t.Errorf("%+v", c)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range a.v.AllKeys() {
		last := key[strings.LastIndex(key, ".")+1:]
		if key != "home" && !bytes.Contains(text, []byte(last+":")) {
			t.Errorf("the example does not show %s", key)
		}
	}
}
