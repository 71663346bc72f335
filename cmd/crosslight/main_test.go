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
	params := testscript.Params{
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
	}
	if testing.Short() {
		params.Dir, params.Files = "", raced
	}
	testscript.Run(t, params)
}

// raced are the scripts of a short run, which is for the race detector: between them they run all that starts
// goroutines here, and nodes with an API whose goroutines node/nodetest does not have. The others run more commands.
var raced = []string{
	"testdata/script/consortium.txtar", "testdata/script/killed.txtar", "testdata/script/ledger.txtar",
	"testdata/script/reconcile.txtar", "testdata/script/watch.txtar", "testdata/script/witness.txtar",
}
