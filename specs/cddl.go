package specs

import (
	"embed"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// Schemas holds *.cddl.
//
//go:embed *.cddl
var Schemas embed.FS

var (
	cddlComment = regexp.MustCompile(`(?m);.*$`)
	cddlMap     = regexp.MustCompile(`(?m)^([a-z-]+) *= *\{`)
	cddlKey     = regexp.MustCompile(`(\? )?\b(\d+): `)
)

// MapKeys returns the keys of every named map in a CDDL file, in order, optional ones behind a question mark.
// Keys of maps within a map are not among them. The error is that of the file.
func MapKeys(file string) (map[string][]string, error) {
	b, err := Schemas.ReadFile(file)
	if err != nil {
		return nil, err
	}
	text := cddlComment.ReplaceAllString(string(b), "")
	out := map[string][]string{}
	for _, m := range cddlMap.FindAllStringSubmatchIndex(text, -1) {
		name := text[m[2]:m[3]]
		out[name] = nil
		for _, k := range cddlKey.FindAllStringSubmatch(outermost(text[m[1]:]), -1) {
			out[name] = append(out[name], strings.ReplaceAll(k[1], " ", "")+k[2])
		}
	}
	return out, nil
}

// outermost returns a map's text from behind its brace to the one that ends it, without the maps in it.
func outermost(text string) string {
	var out strings.Builder
	depth := 1
	for _, r := range text {
		switch r {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return out.String()
			}
		default:
			if depth == 1 {
				out.WriteRune(r)
			}
		}
	}
	return out.String()
}

// StructKeys returns the same of a message struct, in the order of its fields.
func StructKeys(v any) (keys []string) {
	t := reflect.TypeOf(v)
	for i := range t.NumField() {
		parts := strings.Split(t.Field(i).Tag.Get("cbor"), ",")
		if parts[0] == "" || parts[0] == "-" {
			continue
		}
		key := parts[0]
		if slices.Contains(parts, "omitempty") {
			key = "?" + key
		}
		keys = append(keys, key)
	}
	return keys
}

// SchemaDifference compares named maps of a CDDL file with the structs that are sent, and says in words where
// one has a key that the other lacks; nothing where they agree.
func SchemaDifference(file string, structs map[string]any) []string {
	schema, err := MapKeys(file)
	if err != nil {
		return []string{err.Error()}
	}
	var out []string
	for name, v := range structs {
		want, ok := schema[name]
		if got := StructKeys(v); !ok || !slices.Equal(got, want) {
			out = append(out, file+": "+name+" has the keys "+strings.Join(want, " ")+", the message "+strings.Join(got, " "))
		}
	}
	slices.Sort(out)
	return out
}
