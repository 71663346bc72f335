package main

import "github.com/spf13/cobra"

func (a *app) rootCommand() *cobra.Command {
	root := noun(&cobra.Command{
		Use:   "crosslight",
		Short: "Find shared child-protection indicators without showing anyone your data",
		Long: "Crosslight lets organisations that must not show one another their data find out which\n" +
			"indicators of online child sexual exploitation they share.\n\n" +
			"Settings come from flags, then CROSSLIGHT_* variables, then HOME/crosslight.yaml.\n" +
			"Exit codes: 0 done, 1 error or refused, 2 usage, 3 denied, 4 unavailable or partial,\n" +
			"5 no match under --exit-code.",
		Example:           "  crosslight demo\n  crosslight query run email:someone@example.com --purpose platform-safety",
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	})
	a.globalFlags(root)
	root.AddCommand(
		a.initCommand(), a.genesisCommand(), a.nodeCommand(), a.indicatorCommand(), a.queryCommand(),
		a.watchCommand(), a.alertCommand(), a.reconcileCommand(), a.matchCommand(), a.auditCommand(), a.transparencyCommand(),
		a.policyCommand(), a.epochCommand(), a.budgetCommand(), a.mirrorCommand(),
		a.memberCommand(), a.proposalCommand(), a.ledgerCommand(), a.seatCommand(),
		a.keyCommand(), a.witnessCommand(), a.demoCommand(), a.benchCommand(), a.doctorCommand(), a.configCommand(),
		a.versionCommand(), a.completionCommand(), a.manCommand(),
	)
	root.InitDefaultHelpCmd()
	for _, c := range root.Commands() {
		if c.Name() == "help" {
			c.Example = "  crosslight help query run"
		}
	}
	return root
}

func (a *app) globalFlags(root *cobra.Command) {
	f := root.PersistentFlags()
	f.StringP("output", "o", "table", "output format: table, json or yaml")
	f.String("home", "", "the node's folder (default ~/.crosslight)")
	f.Duration("timeout", 0, "give up after this long (default 30s; import, query, export and demo: never)")
	for _, name := range []string{"output", "home", "timeout"} {
		setting(root.PersistentFlags().Lookup(name), name)
	}
}
