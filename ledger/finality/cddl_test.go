package finality

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	cddlComment = regexp.MustCompile(`(?m);.*$`)
	cddlMap     = regexp.MustCompile(`(?ms)^([a-z-]+) = \{(.*?)^\}`)
	cddlKey     = regexp.MustCompile(`(\? )?\b(\d+): `)
)

// TestCDDL: the published schemas have the fields that the messages have, no more and no fewer.
func TestCDDL(t *testing.T) {
	b, err := os.ReadFile("../../specs/finality.cddl")
	if err != nil {
		t.Fatal(err)
	}
	maps := map[string]any{
		"statement": statementWire{}, "signed": signedWire{}, "vote": voteWire{}, "certificate": certificateWire{},
		"cosignature": cosignatureWire{}, "message": messageWire{}, "evidence": evidenceWire{}, "state": stateWire{},
	}
	found := cddlMap.FindAllStringSubmatch(cddlComment.ReplaceAllString(string(b), ""), -1)
	if len(found) != len(maps) {
		t.Errorf("%d maps, want %d", len(found), len(maps))
	}
	for _, m := range found {
		var keys []string
		for _, k := range cddlKey.FindAllStringSubmatch(m[2], -1) {
			keys = append(keys, strings.TrimSpace(k[1])+k[2])
		}
		v := maps[m[1]]
		if v == nil {
			t.Errorf("%s is no message", m[1])
			continue
		}
		if want := structKeys(v); !slices.Equal(keys, want) {
			t.Errorf("%s has the keys %s, the message %s", m[1], keys, fmt.Sprint(want))
		}
	}
}

func structKeys(v any) (keys []string) {
	t := reflect.TypeOf(v)
	for i := range t.NumField() {
		parts := strings.Split(t.Field(i).Tag.Get("cbor"), ",")
		key := parts[0]
		if slices.Contains(parts, "omitempty") {
			key = "?" + key
		}
		keys = append(keys, key)
	}
	return keys
}
