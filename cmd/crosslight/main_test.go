package main

import (
	"os"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/crosslight/crosslight/node/p2p/reserve"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"crosslight": func() { os.Exit(runAt(testClock())) },
	})
}

// TestScript runs the transcripts in testdata/script: command lines as people type them, what they
// print and how they exit.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "serving": serving, "kill-node": killNode, "vote": vote, "withdraw": withdraw, "agree": agree, "oracle": oracle, "reconcile": reconcileNewest,
			"draft-vote": draftVote, "draft-withdrawal": draftWithdrawal, "flip": flip, "ask": askWitness,
			"show-first": showFirst, "equivocation": equivocation, "key-of": keyOf, "not-ready": notReady, "until": until, "take": take,
			"clock": putClock, "logs": committedLogs, "audit-in": auditIn, "recipient-of": recipientOf, "only-file": onlyFile,
		},
		Setup: func(env *testscript.Env) error {
			for _, name := range []string{"CROSSLIGHT_HOME", "CROSSLIGHT_PASSPHRASE", "CROSSLIGHT_PASSPHRASE_FILE"} {
				env.Setenv(name, "")
			}
			for _, name := range []string{"FREE_PORT", "FREE_PORT_2", "FREE_PORT_3", "FREE_PORT_4", "FREE_PORT_5"} {
				port, release, err := reserve.Port()
				if err != nil {
					return err
				}
				env.Defer(release)
				env.Setenv(name, strconv.Itoa(port))
			}
			env.Setenv("HOME", env.WorkDir)
			return nil
		},
	})
}
