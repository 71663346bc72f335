package session

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

// cddlKeys returns the keys of every map in a CDDL file, optional ones with a question mark.
func cddlKeys(t *testing.T, file string) map[string][]string {
	t.Helper()
	b, err := os.ReadFile("../../specs/" + file)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for _, m := range cddlMap.FindAllStringSubmatch(cddlComment.ReplaceAllString(string(b), ""), -1) {
		for _, k := range cddlKey.FindAllStringSubmatch(m[2], -1) {
			out[m[1]] = append(out[m[1]], strings.TrimSpace(k[1])+k[2])
		}
	}
	return out
}

// structKeys returns the same of a message struct.
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

// TestCDDL: the published schemas have the fields that the messages have, no more and no fewer.
func TestCDDL(t *testing.T) {
	for file, maps := range map[string]map[string]any{
		"query.cddl": {"request": request{}, "header": Header{}, "response": response{}, "receipt": Receipt{}},
		"match.cddl": {
			"statement": statement{}, "notice": Notice{}, "feedback": Feedback{}, "answer": answerTold{}, "receipt": Told{},
		},
		"index.cddl": {
			"signed-manifest": signedManifest{}, "manifest": Manifest{}, "segment": SegmentInfo{},
			"manifests-request": MirrorRequest{}, "part-request": MirrorRequest{}, "mirror-answer": MirrorAnswer{},
			"signed-versions": signedVersions{}, "announcement": Announcement{}, "acknowledgement": Acknowledgement{},
			"index-version": IndexVersion{}, "ack-answer": AckAnswer{},
		},
	} {
		keys := cddlKeys(t, file)
		if len(keys) != len(maps) {
			t.Errorf("%s has %d maps, want %d", file, len(keys), len(maps))
		}
		for name, v := range maps {
			if got, want := fmt.Sprint(keys[name]), fmt.Sprint(structKeys(v)); got != want {
				t.Errorf("%s: %s has the keys %s, the message %s", file, name, got, want)
			}
		}
	}
}
