package session

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// TestKeysDoNotPrint: no verb and no log handler shows a private key of the machines.
func TestKeysDoNotPrint(t *testing.T) {
	asking := AskerConfig{Ask: testAsk(), Key: querierKey, Holder: holder}
	answering := AnswererConfig{Ledger: ledgerID, Key: holderKey, Querier: querier}
	seed := querierKey.Seed()[:4] // 1 1 1 1
	shapes := []string{
		hex.EncodeToString(seed), strings.ToUpper(hex.EncodeToString(holderKey.Seed()[:4])),
		"1 1 1 1", "2 2 2 2", "0x1, 0x1", "0x2, 0x2", "\x01\x01", "\x02\x02", `\x01\x01`, `\x02\x02`, "AQEB", "AgIC",
	}
	for _, v := range []any{
		asking, &asking, answering, &answering, newAsker(t, 1), newAnswerer(t, 1),
		[]any{asking, answering},
		struct{ C AskerConfig }{asking},
		AskerConfig{},
		AnswererConfig{},
	} {
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "v", v)
		slog.New(slog.NewTextHandler(&log, nil)).Info("m", "v", v)
		if _, bare := v.(struct{ C AskerConfig }); bare || fmt.Sprintf("%T", v) == "[]interface {}" {
			log.Reset() // JSON looks into what is not a LogValuer
		}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%X", "%q", "%d"} {
			fmt.Fprintf(&log, verb, v)
		}
		for _, secret := range shapes {
			if strings.Contains(log.String(), secret) {
				t.Errorf("%T prints %q in %q", v, secret, log.String())
			}
		}
	}
	if s := asking.GoString(); s != "AskerConfig("+querier.PeerID()+")" {
		t.Error(s)
	}
	if s := answering.GoString(); s != "AnswererConfig("+holder.PeerID()+")" {
		t.Error(s)
	}
}
