package voprf

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// TestSecretsDoNotPrint: no verb and no log handler shows an output or a key.
func TestSecretsDoNotPrint(t *testing.T) {
	k, err := DeriveKey([32]byte{1}, []byte("a test"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := k.FullEvaluate([]byte("a value"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		v    any
		want string
	}{
		{f, redactedOutput},
		{&f, redactedOutput},
		{[]Output{f}, "[" + redactedOutput + "]"},
		{struct{ F Output }{f}, "{" + redactedOutput + "}"},
		{k, redactedKey},
		{*k, redactedKey},
		{[]*SecretKey{k}, "[" + redactedKey + "]"},
	} {
		for _, verb := range []string{"%v", "%s", "%x", "%X", "%q", "%d"} {
			if got := fmt.Sprintf(verb, c.v); got != c.want {
				t.Errorf("%s of %T: %s", verb, c.v, got)
			}
		}
		if got := fmt.Sprintf("%+v %#v", c.v, c.v); strings.Count(got, "(secret)") != 2 {
			t.Errorf("%T: %s", c.v, got)
		}
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "f", f, "k", k)
	if !strings.Contains(log.String(), `"f":"`+redactedOutput+`","k":"`+redactedKey+`"`) {
		t.Error(log.String())
	}
	if f.String() != f.GoString() || k.String() != k.GoString() {
		t.Error("GoString differs")
	}
}
